DECLARE longhaul_before NO SCROLL CURSOR FOR
SELECT c.oid AS before, pg_catalog.format('%s.%I', c.relnamespace::pg_catalog.regnamespace, c.relname), c.relfilenode
FROM pg_catalog.pg_class AS c
WHERE c.oid OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array(
          pg_catalog.current_setting('longhaul.locked', true), ',')::pg_catalog.oid[])
  AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,m,f}'::"char"[])
  AND c.relpersistence OPERATOR(pg_catalog.<>) 't'::"char"
  AND c.relnamespace::pg_catalog.regnamespace::pg_catalog.text OPERATOR(pg_catalog.<>) pg_catalog.quote_ident({schema})
