-- The order of the attributes, which counts here; what each is stands with the columns.
SELECT 'pg_type'::regclass::oid AS class, t.oid, 0 AS sub,
       concat_ws(E'\n',
           format('composite (%s)',
                  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                   FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)),
           'owner ' || pg_get_userbyid(t.typowner)
       ) AS definition
FROM pg_type AS t
JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
JOIN kept_schema AS s ON s.oid = t.typnamespace
