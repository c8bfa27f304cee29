SELECT count(*) FILTER (WHERE state = 'held') AS held, count(*) FILTER (WHERE state = 'dropped') AS dropped
FROM {schema}.quarantine
WHERE run_id = $1
