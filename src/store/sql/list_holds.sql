-- The holds of a run, each from its event to the next of the same stay of the same process. Where none came, the process is
-- held still, or has left or died while it was: then the last that it stored of itself is where it ends.
WITH told AS (
    SELECT e.id, e.at, e.kind, e.host, e.message, e.detail,
           lead(e.at) OVER (PARTITION BY e.detail ->> 'stay' ORDER BY e.id) AS next_at
    FROM {schema}.event AS e
    WHERE e.run_id = $1 AND e.kind IN ('hold.began', 'hold.ended')
)
SELECT (extract(epoch FROM t.at) * 1000000)::int8 AS began,
       (extract(epoch FROM coalesce(t.next_at, ended.at)) * 1000000)::int8 AS ended,
       t.host, t.message,
       ARRAY(SELECT jsonb_array_elements_text(t.detail -> 'signals')) AS signals
FROM told AS t
LEFT JOIN LATERAL (
    SELECT greatest(t.at, max(s.at)) AS at
    FROM {schema}.sample AS s
    WHERE t.next_at IS NULL AND s.run_id = $1 AND s.stay = (t.detail ->> 'stay')::uuid
    HAVING t.next_at IS NULL
       AND (coalesce(max(s.at), t.at) < clock_timestamp() - $2::text::interval
            OR NOT EXISTS (SELECT FROM {schema}.worker AS w WHERE w.run_id = $1))
) AS ended ON true
WHERE t.kind = 'hold.began'
ORDER BY t.id
