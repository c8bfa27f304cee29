-- $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'name', k.conname,
    'definition', pg_get_constraintdef(k.oid, true),
    'is_validated', k.convalidated,
    'comment', obj_description(k.oid, 'pg_constraint')
) ORDER BY k.conname), '[]')::text
FROM pg_constraint AS k
WHERE k.contype = 'c' AND k.conrelid = $1 AND $2::int4::int2 = ANY (k.conkey)
