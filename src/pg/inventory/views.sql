-- Views and materialized views. Whether the latter are filled is data.
SELECT 'pg_class'::regclass::oid AS class, c.oid, 0 AS sub,
       concat_ws(E'\n',
           pg_get_viewdef(c.oid),
           (SELECT 'with ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) AS o),
           'access method ' || am.amname,
           'tablespace ' || t.spcname,
           'owner ' || pg_get_userbyid(c.relowner)
       ) AS definition
FROM kept_relation AS c
LEFT JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
WHERE c.relkind IN ('v', 'm')
