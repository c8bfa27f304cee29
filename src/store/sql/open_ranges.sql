SELECT id, walk_order, file_node, lower_key, upper_key, checkpoint, window_upper, strides, stride, stride_checkpoint,
       batches, rows_seen, rows_changed, EXISTS (SELECT FROM {schema}.worker AS w WHERE w.id = worker_id) AS held
FROM {schema}.range
WHERE run_id = $1 AND pass = $2 AND NOT finished
ORDER BY id
