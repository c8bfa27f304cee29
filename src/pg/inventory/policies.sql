SELECT 'pg_policy'::regclass::oid AS class, p.oid, 0 AS sub,
       concat_ws(E'\n',
           format('%s for %s', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                  CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                                WHEN 'd' THEN 'delete' ELSE 'all' END),
           'to ' || (SELECT string_agg(r.name, ', ' ORDER BY r.name COLLATE "C")
                     FROM (SELECT CASE role WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(role)) END AS name
                           FROM unnest(p.polroles) AS role) AS r),
           'using ' || pg_get_expr(p.polqual, p.polrelid),
           'with check ' || pg_get_expr(p.polwithcheck, p.polrelid)
       ) AS definition
FROM pg_policy AS p
JOIN kept_relation AS c ON c.oid = p.polrelid
