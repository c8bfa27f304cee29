SELECT id, lower_key, upper_key, checkpoint, batches, rows_seen, rows_changed
FROM {schema}.range
WHERE id = $1 AND lease = $2
