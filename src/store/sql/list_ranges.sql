-- The ranges of a pass with who is at them now.
SELECT r.id, r.walk_order, r.lower_key, r.upper_key, r.checkpoint, r.window_upper, r.strides, r.stride,
       r.stride_checkpoint, r.finished, r.batches, r.rows_seen, r.rows_changed,
       w.host, w.process_id
FROM {schema}.range AS r
LEFT JOIN {schema}.worker AS w
       ON w.id = r.worker_id AND r.lease IS NOT NULL
      AND w.heartbeat_at > clock_timestamp() - $3::text::interval
WHERE r.run_id = $1 AND r.pass = $2
ORDER BY r.id
