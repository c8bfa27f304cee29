-- Where they differ from what the owner and everybody have by themselves: a GRANT that was revoked again leaves none.
SELECT g.class, g.oid, g.sub, array_to_string(given.items, E'\n') AS text
FROM (
    SELECT 'pg_namespace'::regclass::oid, oid, 0, nspacl, acldefault('n', nspowner) FROM pg_namespace
    UNION ALL
    SELECT 'pg_class'::regclass, oid, 0, relacl,
           acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)
    FROM pg_class
    UNION ALL
    SELECT 'pg_class'::regclass, attrelid, attnum, attacl, '{}' FROM pg_attribute
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, 0, proacl, acldefault('f', proowner) FROM pg_proc
    UNION ALL
    SELECT 'pg_type'::regclass, oid, 0, typacl, acldefault('T', typowner) FROM pg_type
    UNION ALL
    SELECT 'pg_language'::regclass, oid, 0, lanacl, acldefault('l', lanowner) FROM pg_language
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl, acldefault('F', fdwowner) FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'pg_foreign_server'::regclass, oid, 0, srvacl, acldefault('S', srvowner) FROM pg_foreign_server
) AS g (class, oid, sub, granted, usual)
CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT item::text FROM unnest(g.granted) AS item ORDER BY item::text COLLATE "C") AS items
) AS given
WHERE (g.oid >= 16384 OR g.class = 'pg_namespace'::regclass)
  AND g.granted IS NOT NULL
  AND given.items <> ARRAY(SELECT item::text FROM unnest(g.usual) AS item ORDER BY item::text COLLATE "C")
