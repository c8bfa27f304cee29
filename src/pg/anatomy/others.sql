-- Whatever else hangs on the column, so that nothing is passed over. $1: the table; $2: its column
SELECT coalesce(json_agg(DISTINCT o.described), '[]')::text
FROM (
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS described
    FROM pg_depend AS d
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = $2
      AND d.classid NOT IN ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass,
                            'pg_publication_rel'::regclass)
      AND NOT (d.classid = 'pg_constraint'::regclass AND EXISTS (
                   SELECT FROM pg_constraint AS k WHERE k.oid = d.objid AND k.contype IN ('c', 'f', 'p', 'u', 'n', 'x')))
      AND NOT (d.classid = 'pg_rewrite'::regclass AND EXISTS (
                   SELECT FROM pg_rewrite AS r JOIN pg_class AS v ON v.oid = r.ev_class
                   WHERE r.oid = d.objid AND v.relkind IN ('v', 'm')))
      AND NOT (d.classid = 'pg_class'::regclass AND EXISTS (
                   SELECT FROM pg_class AS i WHERE i.oid = d.objid AND i.relkind IN ('i', 'I', 'S')))
      AND NOT (d.classid = 'pg_attrdef'::regclass AND EXISTS (
                   SELECT FROM pg_attrdef AS f WHERE f.oid = d.objid AND f.adrelid = $1 AND f.adnum = $2))
      -- PostgreSQL 15 writes defaults' and generated columns' dependence as the column's, not the default's.
      AND NOT (d.classid = 'pg_class'::regclass AND d.objid = $1 AND d.objsubid = $2)
) AS o
