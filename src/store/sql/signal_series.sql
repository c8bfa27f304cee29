-- What the signals showed, in the same stretches as series.sql has them: of each the value nearest to trouble.
SELECT (extract(epoch FROM p.began + p.place * p.stretch) * 1000000)::int8 AS at,
       r.signal,
       CASE WHEN min(r.reading ->> 3) = '<' THEN min((r.reading ->> 0)::float8)
            ELSE max((r.reading ->> 0)::float8) END AS value,
       max((r.reading ->> 1)::float8) AS bound,
       min(r.reading ->> 2) AS unit
FROM {schema}.stretches($1, $2, $3, $4) AS p
CROSS JOIN LATERAL jsonb_each((p.sample).signals) AS r (signal, reading)
GROUP BY p.began, p.stretch, p.place, r.signal
ORDER BY r.signal, p.place
