-- $1: the table; $2: its column
SELECT json_build_object(
    'number', a.attnum,
    'name', a.attname,
    'type_name', format_type(a.atttypid, a.atttypmod),
    'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
    'is_collatable', t.typcollation <> 0,
    'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    'not_null', a.attnotnull,
    'generated', a.attgenerated <> '',
    'identity', nullif(a.attidentity, ''),
    'comment', col_description(a.attrelid, a.attnum),
    -- -1 before PostgreSQL 17, NULL from then on.
    'statistics', nullif(a.attstattarget, -1),
    'options', coalesce(to_json(a.attoptions), '[]'),
    'storage', CASE WHEN a.attstorage <> t.typstorage THEN
                   CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
                                     ELSE 'extended' END END,
    'is_toastable', t.typstorage <> 'p',
    'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
    'grants', (SELECT coalesce(json_agg(json_build_object(
                          'role', CASE g.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                          'privilege', lower(g.privilege_type),
                          'grantable', g.is_grantable) ORDER BY g.grantee, g.privilege_type), '[]')
               FROM aclexplode(a.attacl) AS g),
    'is_inherited', a.attinhcount > 0,
    'is_partition_key', EXISTS (SELECT FROM pg_partitioned_table AS p
                                WHERE p.partrelid = a.attrelid AND (a.attnum = ANY (p.partattrs::int2[]) OR EXISTS (
                                    SELECT FROM pg_depend AS pd WHERE pd.classid = 'pg_class'::regclass
                                        AND pd.objid = a.attrelid AND pd.refclassid = 'pg_class'::regclass
                                        AND pd.refobjid = a.attrelid AND pd.refobjsubid = a.attnum
                                        AND pd.deptype = 'i'))),
    -- Whether `=` says all about two values of it, wherever one looks for the operator.
    'is_plain', coalesce(l.collisdeterministic, true) AND coalesce((
        WITH RECURSIVE part (oid, typtype, typbasetype, typelem, typcategory, typname, typnamespace) AS (
            SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory, t.typname, t.typnamespace
            UNION ALL
            SELECT p.oid, p.typtype, p.typbasetype, p.typelem, p.typcategory, p.typname, p.typnamespace
            FROM part JOIN pg_type AS p ON p.oid = CASE WHEN part.typtype = 'd' THEN part.typbasetype
                                                        WHEN part.typcategory = 'A' THEN part.typelem END
        )
        SELECT bool_and(typtype IN ('d', 'e') OR typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
                        AND typcategory <> 'G' AND typname NOT IN ('json', 'xml', 'jsonpath', 'refcursor', 'aclitem',
                            'pg_snapshot', 'txid_snapshot', 'gtsvector', 'pg_node_tree', 'citext')
                        OR typcategory = 'A') FROM part), true),
    'sequence', (SELECT json_build_object(
                     'name', s.objid::regclass::text, 'owned', s.deptype = 'a', 'start', q.seqstart,
                     'increment', q.seqincrement, 'min', q.seqmin, 'max', q.seqmax, 'cache', q.seqcache,
                     'cycle', q.seqcycle)
                 FROM pg_depend AS s JOIN pg_sequence AS q ON q.seqrelid = s.objid
                 WHERE s.classid = 'pg_class'::regclass AND s.refclassid = 'pg_class'::regclass
                   AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum AND s.deptype IN ('a', 'i') LIMIT 1)
)::text
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped
