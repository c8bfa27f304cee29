-- Indexes that have the column in them: as a column, in an expression, in their condition. $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'oid', i.indexrelid::int8,
    'name', c.relname,
    'definition', pg_get_indexdef(i.indexrelid, 0, true),
    'is_unique', i.indisunique,
    'is_valid', i.indisvalid,
    'is_clustered', i.indisclustered,
    'is_replica_identity', i.indisreplident,
    'is_partitioned', c.relkind = 'I',
    'leaves', (SELECT coalesce(json_agg(json_build_object(
                          'table', l.indrelid::regclass::text, 'schema', n.nspname, 'index', x.relname,
                          'is_partitioned', x.relkind = 'I') ORDER BY x.relname), '[]')
               FROM pg_inherits AS h JOIN pg_index AS l ON l.indexrelid = h.inhrelid
               JOIN pg_class AS x ON x.oid = h.inhrelid JOIN pg_namespace AS n ON n.oid = x.relnamespace
               WHERE h.inhparent = i.indexrelid),
    'tablespace', (SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid = c.reltablespace),
    'comment', obj_description(c.oid, 'pg_class'),
    'statistics', (SELECT coalesce(json_agg(json_build_array(attnum, attstattarget) ORDER BY attnum), '[]')
                   FROM pg_attribute WHERE attrelid = c.oid AND attstattarget >= 0),
    'constraint', (SELECT json_build_object(
                       'name', k.conname, 'kind', k.contype, 'deferrable', k.condeferrable,
                       'deferred', k.condeferred, 'comment', obj_description(k.oid, 'pg_constraint'),
                       'definition', pg_get_constraintdef(k.oid))
                   FROM pg_constraint AS k
                   WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x'))
) ORDER BY c.relname), '[]')::text
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = $1
  AND ($2::int4::int2 = ANY (i.indkey::int2[])
       OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = $2))
