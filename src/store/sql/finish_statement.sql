UPDATE {schema}.section SET done = done || $2::text, begun = NULL, updated_at = clock_timestamp()
WHERE revision = $1 AND cardinality(done) = $3
