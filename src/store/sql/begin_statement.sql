UPDATE {schema}.section SET begun = $2, updated_at = clock_timestamp() WHERE revision = $1
