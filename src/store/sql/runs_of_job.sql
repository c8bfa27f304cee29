-- The runs of a job, newest first.
SELECT id, state, direction, started_by, to_char(started_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS started_at,
       to_char(finished_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS finished_at
FROM {schema}.run
WHERE job = $1
ORDER BY id DESC
LIMIT $2
