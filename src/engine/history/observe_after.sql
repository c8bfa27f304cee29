WITH held AS MATERIALIZED (
    SELECT l.relation, l.mode
    FROM pg_catalog.pg_lock_status() AS l
    WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
      AND l.relation OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid
      AND l.locktype OPERATOR(pg_catalog.=) 'relation'
      AND l.mode OPERATOR(pg_catalog.=) ANY ('{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])
), noted AS MATERIALIZED (
    SELECT pg_catalog.set_config('longhaul.locked',
        coalesce(pg_catalog.string_agg(held.relation::pg_catalog.text, ','), ''), true) FROM held
)
SELECT held.relation AS locked, held.mode, c.relfilenode
FROM noted
CROSS JOIN held
LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) held.relation;
FETCH ALL FROM longhaul_before
