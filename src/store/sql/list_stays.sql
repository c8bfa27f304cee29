-- Who was at work on a run, from when to when, by what each process stored of itself.
SELECT (array_agg(s.actor ORDER BY s.id))[1] AS actor, s.host, s.process_id,
       (extract(epoch FROM min(s.at - make_interval(secs => s.seconds))) * 1000000)::int8 AS began,
       (extract(epoch FROM max(s.at)) * 1000000)::int8 AS ended,
       max(s.workers) AS workers,
       sum(s.batches)::int8 AS batches,
       sum(s.rows_changed)::int8 AS rows_changed
FROM {schema}.sample AS s
WHERE s.run_id = $1
GROUP BY s.stay, s.host, s.process_id
ORDER BY min(s.id)
