kept AS (
    INSERT INTO {schema}.preimage (run_id, columns, rows, keys, old_values, new_values)
    SELECT {run}, {columns}, pg_catalog.count(*), pg_catalog.array_agg("longhaul key"),
           pg_catalog.array_agg("longhaul old"::text), pg_catalog.array_agg("longhaul new"::text)
    FROM changed
    WHERE "longhaul old" OPERATOR(pg_catalog.<>) "longhaul new"
    HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0
)
