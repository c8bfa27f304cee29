SELECT p.id AS "longhaul chunk", kept.n AS "longhaul n", kept.key AS "longhaul key",
       kept.old::text[] AS "longhaul old", kept.new::text[] AS "longhaul new"
FROM {schema}.preimage AS p,
     LATERAL pg_catalog.unnest(p.keys, p.old_values, p.new_values) WITH ORDINALITY AS kept(key, old, new, n)
WHERE {interval} AND {runs}
