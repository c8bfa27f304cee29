-- Operators, their families and classes.
SELECT 'pg_operator'::regclass::oid AS class, o.oid, 0 AS sub,
       concat_ws(E'\n',
           'returns ' || nullif(o.oprresult, 0)::regtype::text,
           'by ' || nullif(o.oprcode, 0)::regproc::text,
           'commutator ' || nullif(o.oprcom, 0)::regoperator::text,
           'negator ' || nullif(o.oprnegate, 0)::regoperator::text,
           'restrict ' || nullif(o.oprrest, 0)::regproc::text,
           'join ' || nullif(o.oprjoin, 0)::regproc::text,
           CASE WHEN o.oprcanmerge THEN 'merges' END,
           CASE WHEN o.oprcanhash THEN 'hashes' END,
           'owner ' || pg_get_userbyid(o.oprowner)
       ) AS definition
FROM pg_operator AS o
JOIN kept_schema AS s ON s.oid = o.oprnamespace
UNION ALL
SELECT 'pg_opfamily'::regclass, f.oid, 0,
       concat_ws(E'\n',
           (SELECT string_agg(format('operator %s %s', a.amopstrategy, a.amopopr::regoperator), E'\n'
                              ORDER BY a.amopstrategy, a.amopopr::regoperator::text COLLATE "C")
            FROM pg_amop AS a WHERE a.amopfamily = f.oid),
           (SELECT string_agg(format('function %s %s', a.amprocnum, a.amproc::regprocedure), E'\n'
                              ORDER BY a.amprocnum, a.amproc::regprocedure::text COLLATE "C")
            FROM pg_amproc AS a WHERE a.amprocfamily = f.oid),
           'owner ' || pg_get_userbyid(f.opfowner))
FROM pg_opfamily AS f
JOIN kept_schema AS s ON s.oid = f.opfnamespace
UNION ALL
SELECT 'pg_opclass'::regclass, o.oid, 0,
       concat_ws(E'\n',
           'for ' || o.opcintype::regtype,
           'storage ' || nullif(o.opckeytype, 0)::regtype::text,
           (SELECT format('family %I.%I', n.nspname, f.opfname)
            FROM pg_opfamily AS f JOIN pg_namespace AS n ON n.oid = f.opfnamespace WHERE f.oid = o.opcfamily),
           CASE WHEN o.opcdefault THEN 'default' END,
           'owner ' || pg_get_userbyid(o.opcowner))
FROM pg_opclass AS o
JOIN kept_schema AS s ON s.oid = o.opcnamespace
