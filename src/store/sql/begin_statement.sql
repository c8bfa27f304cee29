UPDATE {schema}.section SET begun = $2, updated_at = clock_timestamp()
WHERE revision = $1 AND cardinality(done) = $3 AND begun IS NOT DISTINCT FROM $4
