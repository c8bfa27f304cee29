SELECT format(
           'session %s (%s, %s, %s for %s): %s',
           activity.pid,
           coalesce(activity.usename, activity.backend_type),
           coalesce(nullif(activity.application_name, ''), 'no application name'),
           coalesce(activity.state, 'active'),
           date_trunc('second', clock_timestamp() - coalesce(activity.xact_start, activity.backend_start)),
           coalesce(nullif(left(regexp_replace(activity.query, '\s+', ' ', 'g'), 200), ''), 'no query')
       )
FROM unnest(pg_blocking_pids($1::int4)) AS blocker (pid)
JOIN pg_stat_activity AS activity ON activity.pid = blocker.pid
ORDER BY activity.xact_start NULLS LAST, activity.pid
