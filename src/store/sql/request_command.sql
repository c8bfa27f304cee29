INSERT INTO {schema}.command (kind, subject, tag, requested_by, host) VALUES ($1, $2, $3, $4, $5)
