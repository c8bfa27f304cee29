UPDATE {schema}.database_settings SET settings = $1, set_by = $2, set_at = clock_timestamp()
