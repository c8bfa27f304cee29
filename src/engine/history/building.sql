-- How far the index is that the backend $1 builds.
SELECT phase, lockers_total, lockers_done,
       CASE WHEN blocks_total > 0 THEN 100 * blocks_done / blocks_total
            WHEN tuples_total > 0 THEN 100 * tuples_done / tuples_total END AS percent
FROM pg_stat_progress_create_index
WHERE pid = $1::int4
