UPDATE {schema}.range SET lease = NULL, worker_id = NULL WHERE run_id = $1 AND worker_id = ANY($2)
