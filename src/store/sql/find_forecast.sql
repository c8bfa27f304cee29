SELECT to_char(f.made_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS made_at,
       f.figures,
       (extract(epoch FROM run.started_at) * 1000000)::int8 AS began,
       (extract(epoch FROM run.finished_at) * 1000000)::int8 AS ended,
       ((run.sign_off ->> 'wal_lsn')::pg_lsn - run.wal_began)::int8 AS wal
FROM {schema}.run AS run
JOIN {schema}.forecast AS f
  ON f.job = run.job AND f.direction = run.direction AND f.definition = run.definition AND f.made_at < run.started_at
WHERE run.id = $1
ORDER BY f.id DESC
LIMIT 1
