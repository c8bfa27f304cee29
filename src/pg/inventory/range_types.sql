SELECT 'pg_type'::regclass::oid AS class, t.oid, 0 AS sub,
       concat_ws(E'\n',
           'range of ' || format_type(r.rngsubtype, NULL),
           (SELECT format('operator class %I.%I', n.nspname, o.opcname)
            FROM pg_opclass AS o JOIN pg_namespace AS n ON n.oid = o.opcnamespace WHERE o.oid = r.rngsubopc),
           'collation ' || nullif(r.rngcollation, 0)::regcollation::text,
           'canonical ' || nullif(r.rngcanonical, 0)::regproc::text,
           'difference ' || nullif(r.rngsubdiff, 0)::regproc::text,
           'multirange ' || r.rngmultitypid::regtype,
           'owner ' || pg_get_userbyid(t.typowner)
       ) AS definition
FROM pg_range AS r
JOIN pg_type AS t ON t.oid = r.rngtypid
JOIN kept_schema AS s ON s.oid = t.typnamespace
