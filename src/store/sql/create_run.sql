INSERT INTO {schema}.run (job, name, table_name, key_columns, definition, state, estimated_rows, started_by, direction,
                          table_oid, own_oid)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::oid, '{schema}.run'::regclass::oid)
RETURNING id
