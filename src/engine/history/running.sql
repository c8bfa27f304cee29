-- Sessions that run this very statement: one of a process that died goes on in the server. The view cuts long texts off.
SELECT format('session %s (%s)', activity.pid, coalesce(nullif(activity.application_name, ''), 'no application name'))
FROM pg_stat_activity AS activity
WHERE activity.datname = current_database()
  AND activity.pid <> pg_backend_pid()
  AND activity.state = 'active'
  -- Texts begin with line ends, so that lines count as in their file; where they stand there may have changed.
  AND left(ltrim(activity.query, E' \n\r\t'), 200) = left(ltrim($1::text, E' \n\r\t'), 200)
ORDER BY activity.query_start
LIMIT 1
