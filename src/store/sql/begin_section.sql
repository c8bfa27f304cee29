INSERT INTO {schema}.section (revision, direction) VALUES ($1, $2)
ON CONFLICT (revision) DO UPDATE
SET direction = excluded.direction, done = '{}', begun = NULL, updated_at = clock_timestamp()
WHERE section.direction <> excluded.direction
