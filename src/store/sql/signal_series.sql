-- What the signals showed, in the same stretches as series.sql has them: of each the greatest value and limit.
WITH wanted AS (
    SELECT s.at, s.seconds, s.signals, s.at - make_interval(secs => s.seconds) AS since
    FROM {schema}.sample AS s
    WHERE s.run_id = $1
      AND ($2::int8 IS NULL OR s.at >= to_timestamp($2::int8 / 1000000.0))
      AND ($3::int8 IS NULL OR s.at <= to_timestamp($3::int8 / 1000000.0))
), span AS (
    SELECT min(since) AS began, greatest(max(at) - min(since), interval '1 second') / $4::int4 AS stretch
    FROM wanted
)
SELECT (extract(epoch FROM span.began + p.place * span.stretch) * 1000000)::int8 AS at,
       r.signal, max((r.reading ->> 0)::float8) AS value, max((r.reading ->> 1)::float8) AS bound,
       min(r.reading ->> 2) AS unit
FROM wanted AS w
CROSS JOIN span
CROSS JOIN LATERAL (
    SELECT floor(extract(epoch FROM w.since + (w.at - w.since) / 2 - span.began)
                 / extract(epoch FROM span.stretch))::int4 AS place
) AS p
CROSS JOIN LATERAL jsonb_each(w.signals) AS r (signal, reading)
GROUP BY span.began, span.stretch, p.place, r.signal
ORDER BY r.signal, p.place
