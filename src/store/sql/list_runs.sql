SELECT DISTINCT ON (job)
       id, job, name, table_name, key_columns, definition, direction, state, pass, estimated_rows, walk, started_by, reason,
       to_char(started_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS started_at,
       to_char(finished_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS finished_at,
       wanted, wanted_by, wanted_why, to_char(wanted_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS wanted_at, settings,
       sign_off,
       CASE WHEN own_oid = tableoid THEN table_oid END AS table_oid
FROM {schema}.run
WHERE ($1::text IS NULL OR job = $1) AND ($2::int8 IS NULL OR id = $2)
ORDER BY job, id DESC
