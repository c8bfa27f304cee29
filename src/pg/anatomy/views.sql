-- Views that read the column themselves. $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'oid', c.oid::int8,
    'name', c.oid::regclass::text,
    'is_materialized', c.relkind = 'm',
    'options', coalesce(to_json(c.reloptions), '[]'),
    'columns', (SELECT json_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
    'owner', quote_ident(pg_get_userbyid(c.relowner)),
    'comment', obj_description(c.oid, 'pg_class'),
    'grants', (SELECT coalesce(json_agg(json_build_object(
                          'role', CASE g.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                          'privilege', lower(g.privilege_type),
                          'grantable', g.is_grantable) ORDER BY g.grantee, g.privilege_type), '[]')
               FROM aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner),
    -- What would be lost if it were dropped and made again.
    'attached', (SELECT coalesce(json_agg(what ORDER BY what), '[]') FROM (
        SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS what FROM pg_depend AS d
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'n'
          AND NOT EXISTS (SELECT FROM pg_rewrite AS own WHERE d.classid = 'pg_rewrite'::regclass AND own.oid = d.objid
                          AND own.ev_class = c.oid AND own.rulename = '_RETURN')
        UNION ALL SELECT 'rights, comments or defaults of its columns' FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0
          AND (a.attacl IS NOT NULL OR a.atthasdef OR col_description(c.oid, a.attnum) IS NOT NULL)) AS x),
    'definition', rtrim(pg_get_viewdef(c.oid, true), ';')
) ORDER BY c.oid), '[]')::text
FROM pg_class AS c
WHERE c.relkind IN ('v', 'm')
  AND EXISTS (SELECT FROM pg_rewrite AS r
              JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
              WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = $2)
