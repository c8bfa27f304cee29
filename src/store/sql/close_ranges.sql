-- Gives up what is left of a pass: another pass goes over it.
UPDATE {schema}.range SET finished = true, lease = NULL, worker_id = NULL WHERE run_id = $1 AND pass = $2 AND NOT finished
