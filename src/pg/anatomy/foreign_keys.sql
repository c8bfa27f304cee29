-- From the column and to it. $1: the table; $2: its column; the columns are told where they are of this table
SELECT coalesce(json_agg(json_build_object(
    'name', k.conname,
    'table', k.conrelid::regclass::text,
    'is_own', k.conrelid = $1 AND $2::int4::int2 = ANY (k.conkey),
    'refers_here', k.confrelid = $1 AND $2::int4::int2 = ANY (k.confkey),
    'definition', pg_get_constraintdef(k.oid),
    'referenced', k.confrelid::regclass::text,
    'columns', (SELECT json_agg(a.attname ORDER BY u.at) FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, at)
                JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
    'referenced_columns', (SELECT json_agg(a.attname ORDER BY u.at)
                           FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, at)
                           JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
    'sets', to_jsonb(k) -> 'confdelsetcols' IS NOT NULL AND jsonb_typeof(to_jsonb(k) -> 'confdelsetcols') <> 'null',
    'is_validated', k.convalidated,
    'is_partitioned', EXISTS (SELECT FROM pg_class WHERE oid IN (k.conrelid, k.confrelid) AND relkind = 'p'),
    'taken', (SELECT json_agg(t.conname) FROM pg_constraint AS t WHERE t.conrelid = k.conrelid),
    'comment', obj_description(k.oid, 'pg_constraint')
) ORDER BY k.conrelid::regclass::text, k.conname), '[]')::text
FROM pg_constraint AS k
WHERE k.contype = 'f' AND k.conparentid = 0
  AND (k.conrelid = $1 AND $2::int4::int2 = ANY (k.conkey) OR k.confrelid = $1 AND $2::int4::int2 = ANY (k.confkey))
