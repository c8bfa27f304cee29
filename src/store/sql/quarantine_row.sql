INSERT INTO {schema}.quarantine (run_id, key_value, old_values, sqlstate, error, detail)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (run_id, key_value) DO UPDATE
SET old_values = EXCLUDED.old_values, sqlstate = EXCLUDED.sqlstate, error = EXCLUDED.error,
    detail = EXCLUDED.detail, state = 'held',
    tries = quarantine.tries + 1, tried_at = clock_timestamp(), settled_at = NULL, settled_by = NULL, why = NULL
