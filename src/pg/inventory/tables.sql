-- Tables of every kind, without their columns. A partition's parent is told with its bound.
SELECT 'pg_class'::regclass::oid AS class, c.oid, 0 AS sub,
       concat_ws(E'\n',
           CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
           'of type ' || nullif(c.reloftype, 0)::regtype::text,
           'partition by ' || pg_get_partkeydef(c.oid),
           (SELECT string_agg(
                format('%s %s%s', CASE WHEN c.relispartition THEN 'partition of' ELSE 'inherits' END,
                       i.inhparent::regclass, CASE WHEN i.inhdetachpending THEN ', being detached' END),
                E'\n' ORDER BY i.inhseqno)
            FROM pg_inherits AS i WHERE i.inhrelid = c.oid),
           pg_get_expr(c.relpartbound, c.oid),
           (SELECT 'with ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) AS o),
           (SELECT 'toast with ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(toast.reloptions) AS o),
           'access method ' || am.amname,
           'tablespace ' || t.spcname,
           'server ' || f.srvname,
           (SELECT 'options ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(ft.ftoptions) AS o),
           CASE WHEN c.relkind <> 'f' THEN
               CASE c.relreplident WHEN 'n' THEN 'replica identity nothing' WHEN 'f' THEN 'replica identity full'
                                   WHEN 'i' THEN 'replica identity by index' END END,
           CASE WHEN c.relrowsecurity THEN 'row security enabled' END,
           CASE WHEN c.relforcerowsecurity THEN 'row security forced' END,
           'owner ' || pg_get_userbyid(c.relowner)
       ) AS definition
FROM kept_relation AS c
LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
LEFT JOIN pg_foreign_table AS ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server AS f ON f.oid = ft.ftserver
WHERE c.relkind IN ('r', 'p', 'f')
