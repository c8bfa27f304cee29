INSERT INTO {schema}.range (run_id, pass, lower_key, upper_key)
VALUES ($1, $2, $3, $4)
