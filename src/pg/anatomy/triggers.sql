-- All triggers of the table, since the new one takes its place among them. $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'oid', t.oid::int8,
    'name', t.tgname,
    'definition', pg_get_triggerdef(t.oid, true),
    'enabled', t.tgenabled,
    'is_constraint', t.tgconstraint <> 0,
    'fires_with_sync', t.tgtype & 1 = 1 AND t.tgtype & 2 = 2 AND t.tgtype & 20 <> 0,
    'update_of', (SELECT coalesce(json_agg(a.attname ORDER BY u.at), '[]')
                  FROM unnest(t.tgattr::int2[]) WITH ORDINALITY AS u (attnum, at)
                  JOIN pg_attribute AS a ON a.attrelid = t.tgrelid AND a.attnum = u.attnum),
    'names_column', EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
                            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = $2),
    'has_condition', t.tgqual IS NOT NULL,
    'comment', obj_description(t.oid, 'pg_trigger'),
    'function', p.oid::int8,
    'function_name', p.oid::regprocedure::text,
    'function_cost', p.procost
) ORDER BY t.tgname), '[]')::text
FROM pg_trigger AS t
JOIN pg_proc AS p ON p.oid = t.tgfoid
WHERE t.tgrelid = $1 AND NOT t.tgisinternal
