-- Counts what the batch changed and moves the checkpoint, in the statement that did the changing. The job's own
-- UPDATE and the parameters are put in by engine::statements. The range is the one that the fence let pass in this very
-- transaction. If BEGIN failed, say because someone's cancel hit it, this statement would run on its own, without a
-- fence: then the setting is missing or empty, the cast fails, and nothing of it is kept.
WITH changed AS (
{rows}
    RETURNING {filter} AS still_matches
), counted AS (
    SELECT count(*) AS n, count(*) FILTER (WHERE still_matches) AS unconverged FROM changed
), logged AS (
    INSERT INTO {schema}.batch (range_id, lower_key, upper_key, rows_seen, rows_changed, duration, finished_at)
    SELECT {range}, {lower}::text[], {upper}::text[], {seen}, counted.n, at.now - transaction_timestamp(), at.now
    FROM counted, LATERAL (SELECT clock_timestamp() AS now WHERE counted.n IS NOT NULL) AS at
)
UPDATE {schema}.range AS progress
SET checkpoint = {upper}::text[],
    batches = progress.batches + 1,
    rows_seen = progress.rows_seen + {seen},
    rows_changed = progress.rows_changed + counted.n,
    rows_unconverged = progress.rows_unconverged + counted.unconverged
FROM counted
WHERE progress.id = current_setting('longhaul.fence')::int8
RETURNING counted.n
