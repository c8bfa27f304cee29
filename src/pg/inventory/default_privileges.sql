SELECT 'pg_default_acl'::regclass::oid AS class, d.oid, 0 AS sub,
       array_to_string(ARRAY(SELECT item::text FROM unnest(d.defaclacl) AS item ORDER BY item::text COLLATE "C"), E'\n')
           AS definition
FROM pg_default_acl AS d
WHERE d.defaclnamespace = 0 OR d.defaclnamespace IN (SELECT oid FROM kept_schema)
