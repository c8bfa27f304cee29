-- Whoever holds a lock that ours can't be taken beside: another longhaul, or somebody by hand; a prepared transaction has
-- no session.
SELECT coalesce(activity.pid, 0), activity.usename::text, activity.application_name, activity.client_addr::text,
       to_char(activity.xact_start, 'YYYY-MM-DD HH24:MI:SS TZH:TZM')
FROM pg_locks AS lock
LEFT JOIN pg_stat_activity AS activity USING (pid)
WHERE lock.locktype = 'relation'
  AND lock.relation = to_regclass($1)
  AND lock.mode <> 'AccessShareLock'
  AND lock.granted
  AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY lock.mode = 'ExclusiveLock' DESC
LIMIT 1
