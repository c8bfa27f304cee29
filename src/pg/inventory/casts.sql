-- PostgreSQL's own have ids below 16384.
SELECT 'pg_cast'::regclass::oid AS class, oid, 0 AS sub,
       concat_ws(E'\n',
           CASE castmethod WHEN 'i' THEN 'through text' WHEN 'b' THEN 'binary' ELSE 'by ' || castfunc::regprocedure END,
           CASE castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'in assignments' ELSE 'implicit' END
       ) AS definition
FROM pg_cast
WHERE oid >= 16384
