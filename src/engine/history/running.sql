-- Sessions that run this very statement: one of a process that died goes on in the server. The view cuts long texts off.
SELECT format('session %s (%s)', activity.pid, coalesce(nullif(activity.application_name, ''), 'no application name'))
FROM pg_stat_activity AS activity
WHERE activity.datname = current_database()
  AND activity.pid <> pg_backend_pid()
  AND activity.state = 'active'
  AND left(activity.query, 200) = left($1::text, 200)
ORDER BY activity.query_start
LIMIT 1
