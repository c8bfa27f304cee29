SELECT count(*) AS ranges,
       count(*) FILTER (WHERE NOT finished) AS open,
       coalesce(sum(batches), 0)::int8 AS batches,
       coalesce(sum(rows_seen), 0)::int8 AS rows_seen,
       coalesce(sum(rows_changed), 0)::int8 AS rows_changed,
       coalesce(sum(rows_hot), 0)::int8 AS rows_hot,
       coalesce(sum(rows_unconverged), 0)::int8 AS rows_unconverged
FROM {schema}.range
WHERE run_id = $1 AND ($2::int4 IS NULL OR pass = $2)
