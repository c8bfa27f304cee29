-- $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'oid', p.oid::int8,
    'name', p.polname,
    'using', pg_get_expr(p.polqual, p.polrelid, true),
    'check', pg_get_expr(p.polwithcheck, p.polrelid, true)
) ORDER BY p.polname), '[]')::text
FROM pg_policy AS p
WHERE p.polrelid = $1
  AND EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = $2)
