SELECT count(*) AS ranges,
       count(*) FILTER (WHERE NOT finished) AS open,
       coalesce(sum(batches), 0)::int8 AS batches,
       coalesce(sum(rows_seen), 0)::int8 AS rows_seen,
       coalesce(sum(rows_changed), 0)::int8 AS rows_changed,
       coalesce(sum(rows_hot), 0)::int8 AS rows_hot,
       coalesce(sum(rows_unconverged), 0)::int8 AS rows_unconverged,
       coalesce(sum(wal_bytes), 0)::int8 AS wal_bytes,
       coalesce(sum(gave_way), 0)::int8 AS gave_way,
       coalesce(extract(epoch FROM max(longest_blocked)), 0)::float8 AS longest_blocked,
       coalesce(extract(epoch FROM sum(lock_wait)), 0)::float8 AS lock_wait
FROM {schema}.range
WHERE run_id = $1 AND ($2::int4 IS NULL OR pass = $2)
