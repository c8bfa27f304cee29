-- A worker lives while its heart beats by the database's clock and the backend it works through is there. A role
-- that may not see other roles' sessions still sees their process ids, with NULL for the rest.
SELECT w.id, w.host, w.process_id, w.actor,
       to_char(w.started_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS started_at,
       (extract(epoch FROM w.heartbeat_at) * 1000000)::int8 AS heartbeat,
       w.heartbeat_at > clock_timestamp() - $2::text::interval
           AND EXISTS (
               SELECT FROM pg_stat_activity AS a
               WHERE a.pid = w.backend_pid AND coalesce(a.backend_start = w.backend_start, true)
           ) AS alive,
       w.doing, to_char(w.doing_since, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS doing_since, w.rows_per_second
FROM {schema}.worker AS w
WHERE w.run_id = $1
ORDER BY w.started_at
