UPDATE {schema}.quarantine
SET state = $2, settled_at = clock_timestamp(), settled_by = $3, why = $4
WHERE id = $1 AND state = 'held'
