-- $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'oid', s.oid::int8,
    'schema', n.nspname,
    'name', s.stxname,
    'kinds', (SELECT coalesce(json_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' WHEN 'm' THEN 'mcv' END), '[]')
              FROM unnest(s.stxkind) AS k WHERE k <> 'e'),
    'columns', pg_get_statisticsobjdef_columns(s.oid),
    'target', nullif(s.stxstattarget, -1),
    'comment', obj_description(s.oid, 'pg_statistic_ext')
) ORDER BY s.stxname), '[]')::text
FROM pg_statistic_ext AS s
JOIN pg_namespace AS n ON n.oid = s.stxnamespace
WHERE s.stxrelid = $1
  AND ($2::int4::int2 = ANY (s.stxkeys::int2[])
       OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid
                  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = $2))
