-- The latest batches of a pass by the worker at work: seconds since the first of them, and keys passed since then.
SELECT extract(epoch FROM b.finished_at - first_value(b.finished_at) OVER latest)::float8 AS at,
       (sum(b.rows_seen) OVER latest - first_value(b.rows_seen) OVER latest)::int8 AS rows_seen
FROM {schema}.batch AS b
JOIN {schema}.range AS r ON r.id = b.range_id
WHERE r.run_id = $1 AND r.pass = $2 AND b.finished_at > clock_timestamp() - interval '60 seconds'
  AND b.finished_at > (SELECT max(w.started_at) FROM {schema}.worker AS w WHERE w.run_id = $1)
WINDOW latest AS (ORDER BY b.finished_at, b.id)
ORDER BY b.finished_at, b.id
