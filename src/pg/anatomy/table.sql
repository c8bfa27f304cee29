-- $1: the table
SELECT json_build_object(
    'oid', c.oid::int8,
    'schema', s.nspname,
    'name', c.relname,
    'kind', c.relkind,
    'is_partition', c.relispartition,
    'replica_identity', c.relreplident,
    'children', (SELECT count(*) FROM pg_inherits WHERE inhparent = c.oid),
    'parents', (SELECT count(*) FROM pg_inherits WHERE inhrelid = c.oid),
    'rows', greatest(c.reltuples, 0)::int8,
    'bytes', pg_table_size(c.oid),
    'is_subscribed', EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = c.oid),
    'columns', (SELECT json_agg(attname ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
    'primary_key', (SELECT json_agg(a.attname ORDER BY k.at) FROM pg_index AS i
                    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, at)
                    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                    WHERE i.indrelid = c.oid AND i.indisprimary AND k.at <= i.indnkeyatts),
    -- Names that are taken: of relations in the schema, of constraints of the table, of functions in the schema.
    'relations', (SELECT coalesce(json_agg(relname), '[]') FROM pg_class WHERE relnamespace = c.relnamespace),
    'constraints', (SELECT coalesce(json_agg(conname), '[]') FROM pg_constraint WHERE conrelid = c.oid),
    'functions', (SELECT coalesce(json_agg(proname), '[]') FROM pg_proc WHERE pronamespace = c.relnamespace),
    'keywords', (SELECT json_agg(word) FROM pg_get_keywords() WHERE catcode <> 'U'),
    'version', current_setting('server_version_num')::int4
)::text
FROM pg_class AS c
JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE c.oid = $1
