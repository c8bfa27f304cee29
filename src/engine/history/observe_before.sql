DECLARE longhaul_before NO SCROLL CURSOR FOR
SELECT c.oid AS before, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relfilenode
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.oid OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array(
          pg_catalog.current_setting('longhaul.locked', true), ',')::pg_catalog.oid[])
  AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,m,f}'::"char"[])
  AND n.nspname OPERATOR(pg_catalog.<>) {schema}
  AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_temp')
