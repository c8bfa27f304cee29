SELECT 'pg_extension'::regclass::oid AS class, e.oid, 0 AS sub,
       concat_ws(E'\n', 'version ' || e.extversion, 'schema ' || s.nspname) AS definition
FROM pg_extension AS e
JOIN pg_namespace AS s ON s.oid = e.extnamespace
