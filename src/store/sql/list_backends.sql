-- The backends through which workers work.
SELECT run_id, backend_pid FROM {schema}.worker WHERE heartbeat_at > clock_timestamp() - $1::text::interval
