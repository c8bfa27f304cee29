-- Functions, window functions and procedures.
SELECT 'pg_proc'::regclass::oid AS class, p.oid, 0 AS sub,
       concat_ws(E'\n', rtrim(pg_get_functiondef(p.oid), E'\n'), 'owner ' || pg_get_userbyid(p.proowner)) AS definition
FROM pg_proc AS p
JOIN kept_schema AS s ON s.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p', 'w')
