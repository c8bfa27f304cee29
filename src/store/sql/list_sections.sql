SELECT revision, direction, cardinality(done) AS done
FROM {schema}.section
WHERE direction = 'down' OR cardinality(done) > 0 OR begun IS NOT NULL
ORDER BY revision
