UPDATE {schema}.worker AS w
SET backend_pid = a.pid, backend_start = a.backend_start
FROM pg_stat_activity AS a
WHERE w.id = $1 AND a.pid = pg_backend_pid()
