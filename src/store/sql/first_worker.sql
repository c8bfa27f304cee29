-- Who came first of those at work on a run leads it: does what is done between the passes.
SELECT id FROM {schema}.worker WHERE run_id = $1 ORDER BY started_at, id LIMIT 1
