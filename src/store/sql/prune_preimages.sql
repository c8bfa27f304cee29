DELETE FROM {schema}.preimage AS p
USING {schema}.run AS r
WHERE r.id = p.run_id
  AND r.state IN ('done', 'cancelled', 'undone')
  AND r.finished_at < clock_timestamp() - make_interval(secs => $1)
