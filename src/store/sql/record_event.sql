INSERT INTO {schema}.event (kind, run_id, revision, actor, host, message, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7)
