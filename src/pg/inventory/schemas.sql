SELECT 'pg_namespace'::regclass::oid AS class, oid, 0 AS sub,
       'owner ' || pg_get_userbyid(nspowner) AS definition
FROM kept_schema
