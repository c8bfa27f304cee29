-- The workers of a process live, and this is what they are doing and what each uses.
UPDATE {schema}.worker
SET heartbeat_at = clock_timestamp(),
    rows_per_second = $2,
    wal_per_second = $3,
    hungry = $4,
    doing = $5,
    doing_since = CASE WHEN doing = $5 THEN doing_since ELSE clock_timestamp() END
WHERE id = ANY ($1)
