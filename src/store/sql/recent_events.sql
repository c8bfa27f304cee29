-- The latest events, newest first: of a run, of a revision or job, of a kind's first word, and before one, where that is said.
SELECT e.id, to_char(e.at, 'YYYY-MM-DD HH24:MI:SS') AS at,
       (extract(epoch FROM e.at) * 1000000)::int8 AS microseconds, e.kind, e.run_id, e.revision, e.actor, e.host, e.message, e.detail
FROM {schema}.event AS e
WHERE ($1::int8 IS NULL OR e.run_id = $1)
  AND ($2::text IS NULL OR e.revision = $2)
  AND ($3::text IS NULL OR split_part(e.kind, '.', 1) = $3)
  AND ($4::int8 IS NULL OR e.id < $4)
ORDER BY e.id DESC
LIMIT $5
