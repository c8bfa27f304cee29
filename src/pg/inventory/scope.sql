-- What every kind of object begins with: the schemas and relations that count. What an extension brought stands for
-- nothing but its version.
WITH member AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
),
kept_schema AS (
    SELECT * FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname <> ALL ($1::text[])
),
kept_relation AS (
    SELECT c.* FROM pg_class AS c
    JOIN kept_schema AS s ON s.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
)
