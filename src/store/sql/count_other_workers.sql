SELECT count(*) FROM {schema}.worker WHERE run_id = $1 AND id <> ALL ($2)
