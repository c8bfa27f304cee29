SELECT id, subject, tag FROM {schema}.command WHERE kind = $1 AND finished_at IS NULL ORDER BY id
