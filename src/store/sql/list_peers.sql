-- Everybody at work on the database, in the order in which they came.
SELECT id, run_id, rows_per_second, wal_per_second, hungry,
       heartbeat_at > clock_timestamp() - $1::text::interval AS beats
FROM {schema}.worker
ORDER BY started_at, id
