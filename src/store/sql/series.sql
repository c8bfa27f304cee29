-- A run over time: processes side by side add up; a stretch without a sample is left out, and drawn as a gap.
WITH of_process AS (
    SELECT p.place, p.began, p.stretch, (p.sample).stay,
           max((p.sample).workers) AS workers,
           sum((p.sample).batches) AS batches,
           sum((p.sample).rows_seen) / greatest(sum((p.sample).seconds), 0.001) AS rows_per_second,
           sum((p.sample).wal_bytes) / greatest(sum((p.sample).seconds), 0.001) AS wal_per_second,
           sum((p.sample).batch_time) AS batch_time,
           max((p.sample).longest_batch) AS longest_batch,
           sum((p.sample).lock_wait) AS lock_wait,
           max((p.sample).longest_blocked) AS longest_blocked,
           sum((p.sample).gave_way) AS gave_way
    FROM {schema}.stretches($1, $2, $3, $4) AS p
    GROUP BY p.place, p.began, p.stretch, (p.sample).stay
)
SELECT (extract(epoch FROM o.began + o.place * o.stretch) * 1000000)::int8 AS at,
       extract(epoch FROM o.stretch)::float8 AS seconds,
       sum(o.workers)::int8 AS workers,
       sum(o.batches)::int8 AS batches,
       sum(o.rows_per_second)::float8 AS rows_per_second,
       sum(o.wal_per_second)::float8 AS wal_per_second,
       (sum(o.batch_time) / greatest(sum(o.batches), 1))::float8 AS mean_batch,
       max(o.longest_batch)::float8 AS longest_batch,
       (sum(o.lock_wait) / greatest(sum(o.batches), 1))::float8 AS mean_lock_wait,
       max(o.longest_blocked)::float8 AS longest_blocked,
       sum(o.gave_way)::int8 AS gave_way
FROM of_process AS o
GROUP BY o.place, o.began, o.stretch
ORDER BY o.place
