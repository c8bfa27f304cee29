-- Who holds, or waits for, a lock of the table $1 or of its partitions that batches would wait for.
SELECT format('%s by session %s (%s, user %s%s)', CASE WHEN l.granted THEN l.mode ELSE l.mode || ' wanted' END, l.pid,
              coalesce(nullif(a.application_name, ''), 'no name'), coalesce(a.usename::text, '?'),
              coalesce(', since ' || to_char(a.xact_start, 'HH24:MI:SS'), ''))
       || coalesce(': ' || left(regexp_replace(nullif(a.query, ''), '\s+', ' ', 'g'), 100), '') AS who
FROM pg_locks AS l
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND (l.relation = $1 OR l.relation IN (SELECT t.relid FROM pg_partition_tree($1::oid::regclass) AS t))
  AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
  AND l.pid IS DISTINCT FROM pg_backend_pid()
ORDER BY l.granted DESC, l.pid
LIMIT 5
