DELETE FROM {schema}.worker AS w
WHERE w.run_id = $1
  AND NOT (
      w.heartbeat_at > clock_timestamp() - $2::text::interval
      AND EXISTS (
          SELECT FROM pg_stat_activity AS a
          WHERE a.pid = w.backend_pid AND coalesce(a.backend_start = w.backend_start, true)
      )
  )
