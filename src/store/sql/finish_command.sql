UPDATE {schema}.command SET finished_at = clock_timestamp(), outcome = $2 WHERE id = $1 AND finished_at IS NULL
