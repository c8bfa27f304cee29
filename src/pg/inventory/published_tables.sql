-- From PostgreSQL 15 on with columns and a condition.
SELECT 'pg_publication_rel'::regclass::oid AS class, r.oid, 0 AS sub,
       concat_ws(E'\n',
           (SELECT 'columns ' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
            FROM pg_attribute AS a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])),
           'where ' || pg_get_expr(r.prqual, r.prrelid)
       ) AS definition
FROM pg_publication_rel AS r
JOIN kept_relation AS c ON c.oid = r.prrelid
