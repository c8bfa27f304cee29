-- Views that read the column themselves, and those that stand on them, lowest first. $1: the table; $2: its column
WITH RECURSIVE rule AS (
    SELECT r.oid, r.ev_class AS view FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
    WHERE c.relkind IN ('v', 'm') AND r.rulename = '_RETURN'
),
stands (view, on_relation, on_column) AS (
    SELECT rule.view, d.refobjid, d.refobjsubid
    FROM rule JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = rule.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> rule.view
),
found (view, depth) AS (
    SELECT view, 0 FROM stands WHERE on_relation = $1 AND on_column = $2
    UNION
    SELECT s.view, f.depth + 1 FROM found AS f JOIN stands AS s ON s.on_relation = f.view
),
deepest AS (
    SELECT view, max(depth) AS depth, min(depth) = 0 AS is_direct FROM found GROUP BY view
)
SELECT coalesce(json_agg(json_build_object(
    'oid', c.oid::int8,
    'name', c.oid::regclass::text,
    'is_direct', f.is_direct,
    'stands_on', (SELECT coalesce(json_agg(DISTINCT s.on_relation::int8), '[]') FROM stands AS s WHERE s.view = c.oid),
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
          AND NOT EXISTS (SELECT FROM rule WHERE d.classid = 'pg_rewrite'::regclass AND rule.oid = d.objid)
        UNION ALL SELECT 'rights, comments or defaults of its columns' FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0
          AND (a.attacl IS NOT NULL OR a.atthasdef OR col_description(c.oid, a.attnum) IS NOT NULL)) AS x),
    'definition', rtrim(pg_get_viewdef(c.oid, true), ';')
) ORDER BY f.depth, c.oid), '[]')::text
FROM deepest AS f
JOIN pg_class AS c ON c.oid = f.view
