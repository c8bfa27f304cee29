-- Columns of tables, views and composite types, wherever they stand: one that was dropped and added again is the same.
-- NOT NULL is told here on every version; from 18 on it is also a constraint, whose name is mostly made up.
SELECT 'pg_class'::regclass::oid AS class, a.attrelid AS oid, a.attnum::int4 AS sub,
       concat_ws(E'\n',
           format_type(a.atttypid, a.atttypmod),
           'collation ' || CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
           CASE WHEN a.attnotnull THEN 'not null' || n.flags END,
           CASE a.attgenerated WHEN '' THEN 'default ' WHEN 's' THEN 'generated stored ' ELSE 'generated virtual ' END
               || pg_get_expr(d.adbin, d.adrelid),
           CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
           CASE WHEN a.attstorage <> t.typstorage THEN
               'storage ' || CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
                                               ELSE 'extended' END END,
           CASE a.attcompression WHEN 'p' THEN 'compression pglz' WHEN 'l' THEN 'compression lz4' END,
           -- -1 before PostgreSQL 17, NULL from then on.
           'statistics ' || nullif(a.attstattarget, -1),
           (SELECT 'with ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) AS o),
           (SELECT 'options ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attfdwoptions) AS o),
           CASE WHEN a.attinhcount > 0 THEN
               'inherited' || CASE WHEN a.attislocal THEN ' and its own' ELSE '' END END
       ) AS definition
FROM pg_attribute AS a
JOIN kept_relation AS c ON c.oid = a.attrelid
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
CROSS JOIN LATERAL (
    SELECT coalesce(max(concat(CASE WHEN NOT k.convalidated THEN ', not valid' END,
                               CASE WHEN k.connoinherit THEN ', no inherit' END)), '') AS flags
    FROM pg_constraint AS k
    WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]
) AS n
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped
