-- Views that read the column themselves. $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'oid', c.oid::int8,
    'name', c.oid::regclass::text,
    'is_materialized', c.relkind = 'm',
    'options', coalesce(to_json(c.reloptions), '[]'),
    'columns', (SELECT json_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
    'definition', rtrim(pg_get_viewdef(c.oid, true), ';')
) ORDER BY c.oid), '[]')::text
FROM pg_class AS c
WHERE c.relkind IN ('v', 'm')
  AND EXISTS (SELECT FROM pg_rewrite AS r
              JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
              WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = $2)
