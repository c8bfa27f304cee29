-- When something last happened to a run: its last batch, the last process that took it up, and what holds it.
-- A hold ends with its event, or with the next process that takes the run up: who died while it was held told no end.
WITH told AS (
    SELECT e.id, e.at, e.kind, e.message
    FROM {schema}.event AS e
    WHERE e.run_id = $1 AND e.kind IN ('hold.began', 'hold.ended', 'run.started', 'run.resumed', 'run.joined')
), free AS (
    SELECT coalesce(max(id), 0) AS id FROM told WHERE kind <> 'hold.began' AND kind <> 'run.joined'
)
SELECT (extract(epoch FROM run.started_at) * 1000000)::int8 AS started,
       (extract(epoch FROM run.finished_at) * 1000000)::int8 AS finished,
       (extract(epoch FROM (
           SELECT max(last.finished_at)
           FROM {schema}.range AS r
           CROSS JOIN LATERAL (
               SELECT b.finished_at FROM {schema}.batch AS b WHERE b.range_id = r.id ORDER BY b.id DESC LIMIT 1
           ) AS last
           WHERE r.run_id = $1
       )) * 1000000)::int8 AS last_batch,
       (extract(epoch FROM (SELECT max(at) FROM told WHERE kind LIKE 'run.%')) * 1000000)::int8 AS taken_up,
       (extract(epoch FROM (SELECT max(at) FROM told WHERE kind = 'hold.ended')) * 1000000)::int8 AS let_go,
       held.id AS hold,
       (extract(epoch FROM held.at) * 1000000)::int8 AS held_since,
       (SELECT told.message FROM told WHERE told.kind = 'hold.began' ORDER BY told.id DESC LIMIT 1) AS hold_message
FROM {schema}.run AS run
LEFT JOIN LATERAL (
    SELECT told.id, told.at
    FROM told, free
    WHERE told.kind = 'hold.began' AND told.id > free.id
    ORDER BY told.id
    LIMIT 1
) AS held ON true
WHERE run.id = $1
