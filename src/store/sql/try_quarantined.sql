UPDATE {schema}.quarantine
SET tries = tries + 1, tried_at = clock_timestamp(), sqlstate = $2, error = $3, detail = $4
WHERE id = $1
