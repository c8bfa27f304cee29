SELECT 'pg_proc'::regclass::oid AS class, p.oid, 0 AS sub,
       concat_ws(E'\n',
           format('(%s) returns %s', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)),
           'state ' || a.aggtranstype::regtype,
           'moving state ' || nullif(a.aggmtranstype, 0)::regtype::text,
           'sorted by ' || nullif(a.aggsortop, 0)::regoperator::text,
           (SELECT string_agg(part.key || ' ' || part.value, E'\n' ORDER BY part.key COLLATE "C")
            FROM jsonb_each_text(
                to_jsonb(a) - ARRAY['aggfnoid', 'aggtranstype', 'aggmtranstype', 'aggsortop']
            ) AS part
            WHERE part.value NOT IN ('-', '0', 'false')),
           CASE p.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END,
           'owner ' || pg_get_userbyid(p.proowner)
       ) AS definition
FROM pg_aggregate AS a
JOIN pg_proc AS p ON p.oid = a.aggfnoid
JOIN kept_schema AS s ON s.oid = p.pronamespace
