UPDATE {schema}.worker SET heartbeat_at = clock_timestamp() WHERE id = ANY($1)
