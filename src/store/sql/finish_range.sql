UPDATE {schema}.range SET finished = true, lease = NULL, worker_id = NULL WHERE id = $1 AND lease = $2
