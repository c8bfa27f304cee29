SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind::text AS kind,
       row_security_active(c.oid) AS row_security
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = $1
