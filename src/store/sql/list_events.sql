SELECT to_char(e.at, 'YYYY-MM-DD HH24:MI:SS') AS at,
       (extract(epoch FROM e.at) * 1000000)::int8 AS microseconds, e.kind, e.run_id, e.revision, e.actor, e.host, e.message, e.detail
FROM {schema}.event AS e
LEFT JOIN {schema}.run AS run ON run.id = e.run_id
WHERE $1::text IS NULL OR run.job = $1 OR e.revision = $1
ORDER BY e.id
