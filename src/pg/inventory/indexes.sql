SELECT 'pg_class'::regclass::oid AS class, c.oid, 0 AS sub,
       concat_ws(E'\n',
           pg_get_indexdef(c.oid),
           'tablespace ' || t.spcname,
           (SELECT 'partition of ' || p.inhparent::regclass FROM pg_inherits AS p WHERE p.inhrelid = c.oid),
           (SELECT string_agg(format('statistics of column %s: %s', a.attnum, a.attstattarget), E'\n' ORDER BY a.attnum)
            FROM pg_attribute AS a WHERE a.attrelid = c.oid AND nullif(a.attstattarget, -1) IS NOT NULL),
           CASE WHEN NOT i.indisvalid THEN 'not valid' END,
           CASE WHEN i.indisclustered THEN 'clustered' END,
           CASE WHEN i.indisreplident THEN 'replica identity' END
       ) AS definition
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN kept_relation AS indexed ON indexed.oid = i.indrelid
LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
