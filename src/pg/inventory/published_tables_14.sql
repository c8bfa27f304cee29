-- As PostgreSQL 14 has them.
SELECT 'pg_publication_rel'::regclass::oid AS class, r.oid, 0 AS sub, NULL AS definition
FROM pg_publication_rel AS r
JOIN kept_relation AS c ON c.oid = r.prrelid
