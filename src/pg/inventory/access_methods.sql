-- PostgreSQL's own have ids below 16384.
SELECT 'pg_am'::regclass::oid AS class, oid, 0 AS sub,
       format('%s, handler %s', CASE amtype WHEN 't' THEN 'table' ELSE 'index' END, amhandler::regproc) AS definition
FROM pg_am
WHERE oid >= 16384
