INSERT INTO {schema}.revision (id, kind, message, checksum, applied_by, host, duration, tool_version)
VALUES ($1, $2, $3, $4, $5, $6, $7 * interval '1 millisecond', $8)
