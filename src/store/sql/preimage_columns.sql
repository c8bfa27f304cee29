-- The runs of a job that have kept old values, and of which columns.
SELECT r.id, r.key_columns, p.columns
FROM {schema}.run AS r
CROSS JOIN LATERAL (SELECT DISTINCT columns FROM {schema}.preimage WHERE run_id = r.id) AS p
WHERE r.job = $1 AND r.direction = 'up'
ORDER BY r.id
