INSERT INTO {schema}.forecast (job, direction, definition, made_by, figures) VALUES ($1, $2, $3, $4, $5)
