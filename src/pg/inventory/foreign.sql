-- Foreign-data wrappers, servers and user mappings. Of the mappings' options only whether they changed: there may be
-- passwords in them.
SELECT 'pg_foreign_data_wrapper'::regclass::oid AS class, w.oid, 0 AS sub,
       concat_ws(E'\n',
           'handler ' || nullif(w.fdwhandler, 0)::regproc::text,
           'validator ' || nullif(w.fdwvalidator, 0)::regproc::text,
           (SELECT 'options ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(w.fdwoptions) AS o),
           'owner ' || pg_get_userbyid(w.fdwowner)
       ) AS definition
FROM pg_foreign_data_wrapper AS w
UNION ALL
SELECT 'pg_foreign_server'::regclass, f.oid, 0,
       concat_ws(E'\n',
           'wrapper ' || w.fdwname,
           'type ' || f.srvtype,
           'version ' || f.srvversion,
           (SELECT 'options ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(f.srvoptions) AS o),
           'owner ' || pg_get_userbyid(f.srvowner))
FROM pg_foreign_server AS f
JOIN pg_foreign_data_wrapper AS w ON w.oid = f.srvfdw
UNION ALL
SELECT 'pg_user_mapping'::regclass, u.umid, 0,
       (SELECT 'options (md5) ' || md5(string_agg(o, ', ' ORDER BY o COLLATE "C")) FROM unnest(u.umoptions) AS o)
FROM pg_user_mappings AS u
