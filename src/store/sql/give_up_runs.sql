UPDATE {schema}.run
SET state = CASE WHEN state = 'done' THEN 'undone' ELSE 'cancelled' END, reason = $2, finished_at = clock_timestamp()
WHERE job = $1 AND state NOT IN ('cancelled', 'undone')
