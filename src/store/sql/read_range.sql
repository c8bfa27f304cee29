SELECT id, walk_order, file_node, lower_key, upper_key, checkpoint, window_upper, strides, stride, stride_checkpoint,
       batches, rows_seen, rows_changed, true AS held
FROM {schema}.range
WHERE id = $1 AND lease = $2
