-- The latest batches of a run that are kept, newest first; before: those older than this one.
SELECT b.id, b.range_id, r.pass, b.stride, b.lower_key, b.upper_key, b.rows_seen, b.rows_changed, b.rows_hot, b.wal_bytes,
       extract(epoch FROM b.duration)::float8 AS duration,
       coalesce(extract(epoch FROM b.lock_wait), 0)::float8 AS lock_wait,
       coalesce(b.blocked, 0) AS blocked,
       coalesce(extract(epoch FROM b.blocked_for), 0)::float8 AS blocked_for,
       (extract(epoch FROM b.finished_at) * 1000000)::int8 AS finished_at
FROM {schema}.batch AS b
JOIN {schema}.range AS r ON r.id = b.range_id
WHERE r.run_id = $1 AND ($2::int8 IS NULL OR b.id < $2)
ORDER BY b.id DESC
LIMIT $3
