SELECT revision, direction, cardinality(done) AS done FROM {schema}.section ORDER BY revision
