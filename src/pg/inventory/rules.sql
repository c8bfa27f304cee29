SELECT 'pg_rewrite'::regclass::oid AS class, r.oid, 0 AS sub,
       concat_ws(E'\n',
           pg_get_ruledef(r.oid),
           CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END
       ) AS definition
FROM pg_rewrite AS r
JOIN kept_relation AS c ON c.oid = r.ev_class
WHERE r.rulename <> '_RETURN'
