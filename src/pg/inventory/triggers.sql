-- Those of foreign keys are left out. Before PostgreSQL 15 a partition's copy of its parent's counts as internal.
SELECT 'pg_trigger'::regclass::oid AS class, t.oid, 0 AS sub,
       concat_ws(E'\n',
           pg_get_triggerdef(t.oid),
           CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END
       ) AS definition
FROM pg_trigger AS t
JOIN kept_relation AS c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal OR (t.tgparentid <> 0 AND t.tgconstraint = 0)
