-- Languages, transforms and conversions. PostgreSQL's own have ids below 16384, and plpgsql belongs to its extension.
SELECT 'pg_language'::regclass::oid AS class, l.oid, 0 AS sub,
       concat_ws(E'\n',
           CASE WHEN l.lanpltrusted THEN 'trusted' END,
           'handler ' || nullif(l.lanplcallfoid, 0)::regproc::text,
           'inline ' || nullif(l.laninline, 0)::regproc::text,
           'validator ' || nullif(l.lanvalidator, 0)::regproc::text,
           'owner ' || pg_get_userbyid(l.lanowner)
       ) AS definition
FROM pg_language AS l
WHERE l.oid >= 16384
UNION ALL
SELECT 'pg_transform'::regclass, t.oid, 0,
       concat_ws(E'\n',
           'from SQL ' || nullif(t.trffromsql, 0)::regproc::text, 'to SQL ' || nullif(t.trftosql, 0)::regproc::text)
FROM pg_transform AS t
UNION ALL
SELECT 'pg_conversion'::regclass, c.oid, 0,
       concat_ws(E'\n',
           format('%s to %s by %s', pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding),
                  c.conproc::regproc),
           CASE WHEN c.condefault THEN 'default' END,
           'owner ' || pg_get_userbyid(c.conowner))
FROM pg_conversion AS c
JOIN kept_schema AS s ON s.oid = c.connamespace
