INSERT INTO {schema}.worker (id, run_id, host, process_id, actor, tool_version, backend_pid, backend_start)
SELECT $1, $2, $3, $4, $5, $6, a.pid, a.backend_start
FROM pg_stat_activity AS a
WHERE a.pid = pg_backend_pid()
