SELECT id, lower_key, upper_key, checkpoint, batches, rows_seen, rows_changed
FROM {schema}.range
WHERE run_id = $1 AND pass = $2 AND NOT finished
ORDER BY id
