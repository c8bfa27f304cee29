SELECT p.id AS "longhaul chunk", kept.n AS "longhaul n", kept.key AS "longhaul key",
       kept.old::text[] AS "longhaul old", kept.new::text[] AS "longhaul new"
FROM {schema}.preimage AS p,
     LATERAL ROWS FROM (
         pg_catalog.unnest(p.keys), pg_catalog.unnest(p.old_values), pg_catalog.unnest(p.new_values)
     ) WITH ORDINALITY AS kept(key, old, new, n)
WHERE {interval} AND {runs}
