-- From PostgreSQL 15 on.
SELECT 'pg_publication_namespace'::regclass::oid AS class, p.oid, 0 AS sub, NULL AS definition
FROM pg_publication_namespace AS p
JOIN kept_schema AS s ON s.oid = p.pnnspid
