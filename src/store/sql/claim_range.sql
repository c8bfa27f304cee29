-- The first open range of the pass that nobody registered holds, for a worker who is registered itself. A dead
-- worker's last batch may still be running in the server; its range is locked until that batch has ended, and is
-- skipped until then.
UPDATE {schema}.range AS r
SET lease = $3, worker_id = $4
WHERE r.id = (
    SELECT open.id
    FROM {schema}.range AS open
    WHERE open.run_id = $1
      AND open.pass = $2
      AND NOT open.finished
      AND EXISTS (SELECT FROM {schema}.worker AS me WHERE me.id = $4)
      -- A scalar subquery, not NOT EXISTS: when another worker has claimed the range since this statement began, the
      -- condition is looked at again with the row as it is now, and PostgreSQL does that for subqueries but not for
      -- the empty side of the join that NOT EXISTS becomes.
      AND coalesce((SELECT false FROM {schema}.worker AS w WHERE w.id = open.worker_id AND w.id <> $4), true)
    ORDER BY open.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING r.id, r.walk_order, r.file_node, r.lower_key, r.upper_key, r.checkpoint, r.window_upper, r.strides, r.stride,
          r.stride_checkpoint, r.batches, r.rows_seen, r.rows_changed, true AS held
