-- Constraints of tables and domains. Left out: NOT NULL, told with the column; the triggers' own; and those that a
-- foreign key to a partitioned table has for each partition.
SELECT 'pg_constraint'::regclass::oid AS class, k.oid, 0 AS sub,
       concat_ws(E'\n',
           pg_get_constraintdef(k.oid),
           CASE WHEN k.coninhcount > 0 THEN
               'inherited' || CASE WHEN k.conislocal THEN ' and its own' ELSE '' END END,
           CASE WHEN EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O') THEN
               'not enforced as usual: its triggers are not enabled as they were made' END
       ) AS definition
FROM pg_constraint AS k
LEFT JOIN pg_constraint AS parent ON parent.oid = k.conparentid
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
  AND (k.conrelid IN (SELECT oid FROM kept_relation)
       OR k.contypid IN (
           SELECT t.oid FROM pg_type AS t JOIN kept_schema AS s ON s.oid = t.typnamespace
           WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)))
  AND NOT coalesce(parent.conrelid = k.conrelid, false)
