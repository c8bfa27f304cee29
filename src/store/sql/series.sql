-- A run's samples in so many stretches of equal length, from the first to the last of those asked for. Processes side by
-- side add up; a stretch without a sample is left out, and drawn as a gap.
WITH wanted AS (
    SELECT s.*, s.at - make_interval(secs => s.seconds) AS since
    FROM {schema}.sample AS s
    WHERE s.run_id = $1
      AND ($2::int8 IS NULL OR s.at >= to_timestamp($2::int8 / 1000000.0))
      AND ($3::int8 IS NULL OR s.at <= to_timestamp($3::int8 / 1000000.0))
), span AS (
    SELECT min(since) AS began, greatest(max(at) - min(since), interval '1 second') / $4::int4 AS stretch
    FROM wanted
), placed AS (
    -- By its middle: one that ends on a border belongs to the stretch before.
    SELECT w.*, floor(extract(epoch FROM w.since + (w.at - w.since) / 2 - span.began)
                      / extract(epoch FROM span.stretch))::int4 AS place
    FROM wanted AS w, span
), of_process AS (
    SELECT place, stay,
           sum(seconds) AS seconds, max(workers) AS workers, sum(batches) AS batches,
           sum(rows_seen) / greatest(sum(seconds), 0.001) AS rows_per_second,
           sum(wal_bytes) / greatest(sum(seconds), 0.001) AS wal_per_second,
           sum(batch_time) AS batch_time, max(longest_batch) AS longest_batch,
           sum(lock_wait) AS lock_wait, max(longest_blocked) AS longest_blocked, sum(gave_way) AS gave_way
    FROM placed
    GROUP BY place, stay
)
SELECT (extract(epoch FROM span.began + o.place * span.stretch) * 1000000)::int8 AS at,
       extract(epoch FROM span.stretch)::float8 AS seconds,
       sum(o.workers)::int8 AS workers,
       sum(o.batches)::int8 AS batches,
       sum(o.rows_per_second)::float8 AS rows_per_second,
       sum(o.wal_per_second)::float8 AS wal_per_second,
       (sum(o.batch_time) / greatest(sum(o.batches), 1))::float8 AS mean_batch,
       max(o.longest_batch)::float8 AS longest_batch,
       (sum(o.lock_wait) / greatest(sum(o.batches), 1))::float8 AS mean_lock_wait,
       max(o.longest_blocked)::float8 AS longest_blocked,
       sum(o.gave_way)::int8 AS gave_way
FROM of_process AS o, span
GROUP BY o.place, span.began, span.stretch
ORDER BY o.place
