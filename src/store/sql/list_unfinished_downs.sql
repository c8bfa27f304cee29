SELECT job FROM {schema}.run
WHERE direction = 'down' AND state NOT IN ('done', 'cancelled', 'undone')
