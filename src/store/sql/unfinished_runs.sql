-- Runs that a worker may go on with: nobody wants them otherwise, and no person or error has stopped them.
SELECT job
FROM {schema}.run
WHERE wanted = 'work' AND state IN ('running', 'proving', 'waiting') AND direction = 'up'
ORDER BY id
