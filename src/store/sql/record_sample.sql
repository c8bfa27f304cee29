INSERT INTO {schema}.sample
    (run_id, seconds, stay, host, process_id, workers, batches, rows_seen, rows_changed, wal_bytes,
     batch_time, longest_batch, lock_wait, longest_blocked, gave_way, signals, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
