-- The labels in their order.
SELECT 'pg_type'::regclass::oid AS class, t.oid, 0 AS sub,
       concat_ws(E'\n',
           'enum',
           (SELECT string_agg(quote_literal(e.enumlabel), E'\n' ORDER BY e.enumsortorder)
            FROM pg_enum AS e WHERE e.enumtypid = t.oid),
           'owner ' || pg_get_userbyid(t.typowner)
       ) AS definition
FROM pg_type AS t
JOIN kept_schema AS s ON s.oid = t.typnamespace
WHERE t.typtype = 'e'
