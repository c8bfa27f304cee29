UPDATE {schema}.quarantine
SET tries = tries + 1, tried_at = clock_timestamp(), sqlstate = $2, error = $3
WHERE id = $1
