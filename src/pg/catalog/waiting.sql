-- Who waits for a lock that one of the backends $1 holds, and for what they wait themselves. Read from pg_locks, which
-- shows everybody's to everybody; what another role runs may be hidden.
SELECT waiting.pid AS pid,
       waiting.pid = ANY ($1) AS ours,
       blocker.pid AS blocker,
       extract(epoch FROM clock_timestamp() - waiting.since)::float8 AS seconds,
       (SELECT format('session %s (%s, user %s, %s%s)', a.pid, coalesce(nullif(a.application_name, ''), 'no name'),
                      coalesce(a.usename::text, '?'), coalesce(a.state, a.backend_type, 'not to be seen'),
                      coalesce(', since ' || to_char(a.xact_start, 'HH24:MI:SS'), ''))
               || coalesce(': ' || left(regexp_replace(nullif(a.query, ''), '\s+', ' ', 'g'), 100), '')
        FROM pg_stat_activity AS a
        WHERE a.pid = CASE WHEN waiting.pid = ANY ($1) THEN blocker.pid ELSE waiting.pid END) AS who
FROM (SELECT l.pid, min(l.waitstart) AS since FROM pg_locks AS l WHERE NOT l.granted GROUP BY l.pid) AS waiting,
     LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocker (pid)
WHERE (waiting.pid = ANY ($1) OR blocker.pid = ANY ($1))
  -- Our own workers give each other no reason to hurry.
  AND NOT (waiting.pid = ANY ($1) AND blocker.pid = ANY ($1))
