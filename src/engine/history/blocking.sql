-- Whom the backend $1 waits for: in full, in few words, and for how long it has waited.
SELECT format(
           'session %s (%s, %s, %s for %s): %s',
           activity.pid,
           coalesce(activity.usename, activity.backend_type),
           coalesce(nullif(activity.application_name, ''), 'no application name'),
           coalesce(activity.state, 'active'),
           date_trunc('second', clock_timestamp() - coalesce(activity.xact_start, activity.backend_start)),
           coalesce(nullif(left(regexp_replace(activity.query, '\s+', ' ', 'g'), 200), ''), 'no query')
       ),
       format('%s (pid %s)',
              coalesce(nullif(activity.application_name, ''), activity.usename, activity.backend_type, 'a session'),
              activity.pid),
       (SELECT extract(epoch FROM clock_timestamp() - min(l.waitstart))::float8
        FROM pg_locks AS l WHERE l.pid = $1::int4 AND NOT l.granted)
FROM unnest(pg_blocking_pids($1::int4)) AS blocker (pid)
JOIN pg_stat_activity AS activity ON activity.pid = blocker.pid
ORDER BY activity.xact_start NULLS LAST, activity.pid
