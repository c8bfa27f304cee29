SELECT DISTINCT format(
           'session %s (%s, %s, %s for %s): %s',
           activity.pid,
           coalesce(activity.usename, activity.backend_type),
           coalesce(nullif(activity.application_name, ''), 'no application name'),
           coalesce(activity.state, 'active'),
           date_trunc('second', clock_timestamp() - activity.xact_start),
           coalesce(nullif(left(regexp_replace(activity.query, '\s+', ' ', 'g'), 200), ''), 'no query')
       )
FROM unnest($1::text[]) AS wanted (name)
JOIN pg_locks AS lock
  ON lock.locktype = 'relation'
 AND lock.relation = to_regclass(wanted.name)
 AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
JOIN pg_stat_activity AS activity USING (pid)
WHERE lock.granted
  AND activity.pid <> pg_backend_pid()
  AND activity.xact_start < clock_timestamp() - $2::text::interval
  -- Autovacuum gives way by itself, unless it must prevent wraparound.
  AND (activity.backend_type <> 'autovacuum worker' OR activity.query LIKE '%(to prevent wraparound)')
