-- Functions whose text has the column's name in it as a word, and the table's or that of one of its triggers. $1: the table;
-- $2: the column's name; $3: the control schema, whose functions are ours
SELECT coalesce(json_agg(json_build_object(
    'oid', p.oid::int8,
    'name', p.oid::regprocedure::text,
    'language', l.lanname,
    'body', p.prosrc,
    'definition', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
    'fires_here', EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid AND tgrelid = $1),
    'fires_elsewhere', EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid AND tgrelid <> $1)
) ORDER BY p.oid::regprocedure::text), '[]')::text
FROM pg_proc AS p
JOIN pg_language AS l ON l.oid = p.prolang
JOIN pg_class AS c ON c.oid = $1
WHERE p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  AND l.lanname NOT IN ('c', 'internal') AND p.prokind <> 'a'
  AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
  AND p.pronamespace IS DISTINCT FROM to_regnamespace(quote_ident($3))
  AND p.prosrc ~* ('\m' || regexp_replace($2, '(\W)', '\\\1', 'g') || '\M')
  AND (p.prosrc ~* ('\m' || regexp_replace(c.relname, '(\W)', '\\\1', 'g') || '\M')
       OR EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid AND tgrelid = $1))
