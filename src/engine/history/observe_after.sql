SELECT pg_catalog.set_config('longhaul.locked', coalesce(
    (SELECT pg_catalog.string_agg(DISTINCT l.relation::pg_catalog.text, ',')
     FROM pg_catalog.pg_locks AS l
     WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
       AND l.locktype OPERATOR(pg_catalog.=) 'relation'
       AND l.relation OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid
       AND l.mode OPERATOR(pg_catalog.=) ANY ('{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])), ''), true);
FETCH ALL FROM longhaul_before;
SELECT l.relation AS locked, l.mode, c.relfilenode
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) l.relation
WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
  AND l.locktype OPERATOR(pg_catalog.=) 'relation'
  AND l.relation OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array(
          pg_catalog.current_setting('longhaul.locked', true), ',')::pg_catalog.oid[]);
CLOSE longhaul_before
