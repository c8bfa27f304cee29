SELECT 'pg_publication'::regclass::oid AS class, p.oid, 0 AS sub,
       concat_ws(E'\n',
           -- What can be set grows with the versions.
           (SELECT string_agg(part.key || ' ' || part.value, E'\n' ORDER BY part.key COLLATE "C")
            FROM jsonb_each_text(to_jsonb(p) - ARRAY['oid', 'pubname', 'pubowner']) AS part),
           'owner ' || pg_get_userbyid(p.pubowner)
       ) AS definition
FROM pg_publication AS p
