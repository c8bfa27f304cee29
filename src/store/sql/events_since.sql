-- Events of these kinds that came after one, oldest first. What is days old is no news: nobody was there to tell it.
SELECT e.id, e.kind, (extract(epoch FROM e.at) * 1000000)::int8 AS at, e.run_id, e.revision, e.message,
       e.detail ->> 'sqlstate' AS sqlstate, e.detail ->> 'public' AS public,
       coalesce((e.detail ->> 'totals_differ')::bool, false) AS totals_differ, run.name AS job, run.table_name, run.direction
FROM {schema}.event AS e
LEFT JOIN {schema}.run AS run ON run.id = e.run_id
WHERE e.id > $1 AND e.kind = ANY ($2) AND e.at > clock_timestamp() - interval '3 days'
ORDER BY e.id
LIMIT 1000
