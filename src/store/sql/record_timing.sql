INSERT INTO {schema}.timing (run_id, revision, phase, query, seconds, gave_up, error, plan)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
