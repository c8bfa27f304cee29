-- Waits for a dead worker's last batch, if that is still running in the server.
UPDATE {schema}.range SET lease = NULL, worker_id = NULL WHERE run_id = $1 AND lease IS NOT NULL
