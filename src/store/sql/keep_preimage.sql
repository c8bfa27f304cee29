kept AS (
    INSERT INTO {schema}.preimage (run_id, columns, rows, keys, old_values, new_values)
    SELECT {run}, {columns}, count(*), array_agg("longhaul key"), array_agg("longhaul old"::text),
           array_agg("longhaul new"::text)
    FROM changed
    WHERE "longhaul old" IS DISTINCT FROM "longhaul new"
    HAVING count(*) > 0
)
