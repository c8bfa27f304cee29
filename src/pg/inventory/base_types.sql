-- Types with functions of their own, and shells that wait for them. An array type comes with its element's type.
SELECT 'pg_type'::regclass::oid AS class, t.oid, 0 AS sub,
       concat_ws(E'\n',
           CASE t.typtype WHEN 'b' THEN 'base' ELSE 'shell' END,
           'element ' || nullif(t.typelem, 0)::regtype::text,
           'collation ' || nullif(t.typcollation, 0)::regcollation::text,
           (SELECT string_agg(part.key || ' ' || part.value, E'\n' ORDER BY part.key COLLATE "C")
            FROM jsonb_each_text(to_jsonb(t)) AS part
            WHERE part.value <> '-'
              AND part.key IN ('typlen', 'typbyval', 'typcategory', 'typispreferred', 'typdelim', 'typinput',
                               'typoutput', 'typreceive', 'typsend', 'typmodin', 'typmodout', 'typanalyze',
                               'typsubscript', 'typalign', 'typstorage', 'typdefault')),
           'owner ' || pg_get_userbyid(t.typowner)
       ) AS definition
FROM pg_type AS t
JOIN kept_schema AS s ON s.oid = t.typnamespace
WHERE t.typtype IN ('b', 'p') AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = t.oid)
