-- The version is the system's, not the schema's.
SELECT 'pg_collation'::regclass::oid AS class, c.oid, 0 AS sub,
       concat_ws(E'\n',
           -- The locale's column has had three names.
           (SELECT string_agg(part.key || ' ' || part.value, E'\n' ORDER BY part.key COLLATE "C")
            FROM jsonb_each_text(
                to_jsonb(c) - ARRAY['oid', 'collname', 'collnamespace', 'collowner', 'collversion']
            ) AS part),
           'owner ' || pg_get_userbyid(c.collowner)
       ) AS definition
FROM pg_collation AS c
JOIN kept_schema AS s ON s.oid = c.collnamespace
