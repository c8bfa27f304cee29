-- Their constraints are objects of their own; NOT NULL is told here.
SELECT 'pg_type'::regclass::oid AS class, t.oid, 0 AS sub,
       concat_ws(E'\n',
           'domain over ' || format_type(t.typbasetype, t.typtypmod),
           'collation ' || CASE WHEN t.typcollation <> base.typcollation THEN t.typcollation::regcollation::text END,
           'default ' || pg_get_expr(t.typdefaultbin, 0),
           CASE WHEN t.typnotnull THEN 'not null' END,
           'owner ' || pg_get_userbyid(t.typowner)
       ) AS definition
FROM pg_type AS t
JOIN kept_schema AS s ON s.oid = t.typnamespace
JOIN pg_type AS base ON base.oid = t.typbasetype
WHERE t.typtype = 'd'
