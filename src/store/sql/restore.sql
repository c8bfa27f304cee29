-- Puts back what the chunks in hand kept, in the rows that still hold what the run wrote. What was put back is
-- forgotten; what wasn't stays, to be told. (A sort finds it: the planner can't know how many rows a chunk has, and
-- would compare each with each.)
WITH chunk AS MATERIALIZED (
{preimages}
), changed AS (
    UPDATE {name} SET {assignments}
    FROM chunk AS "longhaul before"
    WHERE {same_key} AND {still_written} AND {among}
    RETURNING false AS still_matches, "longhaul chunk", "longhaul n"
), left_over AS (
    SELECT "longhaul chunk" AS id, pg_catalog.count(*) AS rows,
           pg_catalog.array_agg("longhaul key" ORDER BY "longhaul n") AS keys,
           pg_catalog.array_agg("longhaul old"::text ORDER BY "longhaul n") AS old_values,
           pg_catalog.array_agg("longhaul new"::text ORDER BY "longhaul n") AS new_values
    FROM (
        SELECT *, pg_catalog.count(*) OVER (PARTITION BY "longhaul chunk", "longhaul n") AS times
        FROM (
            SELECT "longhaul chunk", "longhaul n", "longhaul key", "longhaul old", "longhaul new" FROM chunk
            UNION ALL
            SELECT "longhaul chunk", "longhaul n", NULL, NULL, NULL FROM changed
        ) AS both_sides
    ) AS told
    WHERE times OPERATOR(pg_catalog.=) 1
    GROUP BY "longhaul chunk"
), shrunk AS (
    UPDATE {schema}.preimage AS p
    SET rows = l.rows, keys = l.keys, old_values = l.old_values, new_values = l.new_values
    FROM left_over AS l
    WHERE p.id OPERATOR(pg_catalog.=) l.id AND p.rows OPERATOR(pg_catalog.<>) l.rows
), forgotten AS (
    DELETE FROM {schema}.preimage AS p
    WHERE p.id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT "longhaul chunk" FROM chunk))
      AND p.id OPERATOR(pg_catalog.<>) ALL (ARRAY(SELECT id FROM left_over))
)
