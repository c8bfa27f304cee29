-- The timings of a run, or of the latest time that a revision was applied or undone, in order.
SELECT t.phase, t.query, (extract(epoch FROM t.at) * 1000000)::int8 AS at, t.seconds, t.gave_up, t.error, t.plan
FROM {schema}.timing AS t
WHERE ($1::int8 IS NOT NULL AND t.run_id = $1)
   OR ($2::text IS NOT NULL AND t.revision = $2 AND t.id > coalesce((
          SELECT max(b.id) FROM {schema}.timing AS b
          WHERE b.revision = $2 AND b.phase <> 'before' AND b.id < (
              SELECT max(l.id) FROM {schema}.timing AS l WHERE l.revision = $2 AND l.phase = 'before'
          )
      ), 0))
ORDER BY t.id
