-- Sequences without their values.
SELECT 'pg_class'::regclass::oid AS class, c.oid, 0 AS sub,
       concat_ws(E'\n',
           format('%s from %s by %s', format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement),
           format('between %s and %s', q.seqmin, q.seqmax),
           'cache ' || nullif(q.seqcache, 1),
           CASE WHEN q.seqcycle THEN 'cycle' END,
           CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
           (SELECT format('owned by %s.%I', d.refobjid::regclass, a.attname)
            FROM pg_depend AS d
            JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
              AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')),
           'owner ' || pg_get_userbyid(c.relowner)
       ) AS definition
FROM pg_sequence AS q
JOIN kept_relation AS c ON c.oid = q.seqrelid
