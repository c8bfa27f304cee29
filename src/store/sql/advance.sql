-- Counts what the batch changed and moves the checkpoint, in the statement that did the changing. The job's own
-- UPDATE and the parameters are put in by engine::statements.
WITH changed AS (
{rows}
    RETURNING 1
), counted AS (
    SELECT count(*) AS n FROM changed
), logged AS (
    INSERT INTO {schema}.batch (range_id, lower_key, upper_key, rows_seen, rows_changed, duration, finished_at)
    SELECT {range}, {lower}::text[], {upper}::text[], {seen}, counted.n, at.now - transaction_timestamp(), at.now
    FROM counted, LATERAL (SELECT clock_timestamp() AS now WHERE counted.n IS NOT NULL) AS at
)
UPDATE {schema}.range AS progress
SET checkpoint = {upper}::text[],
    batches = progress.batches + 1,
    rows_seen = progress.rows_seen + {seen},
    rows_changed = progress.rows_changed + counted.n
FROM counted
WHERE progress.id = {range}
RETURNING counted.n
