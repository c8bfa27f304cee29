SELECT r.estimated_rows,
       (SELECT count(*) FROM {schema}.quarantine AS q WHERE q.run_id = r.id AND q.state <> 'settled') AS taken
FROM {schema}.run AS r
WHERE r.id = $1
