-- Counts what the batch changed and moves the range's position, in the statement that did the changing. What changes
-- the rows, and the parameters, are put in by engine::statements. The range is the one that the fence let pass in this very
-- transaction. If BEGIN failed, say because someone's cancel hit it, this statement would run on its own, without a
-- fence: then the setting is missing or empty, the cast fails, and nothing of it is kept.
{changed}, counted AS (
    SELECT count(*) AS n, count(*) FILTER (WHERE still_matches) AS unconverged FROM changed
), ended AS (
    -- Looked up once the rows are counted, not before.
    SELECT counted.n, counted.unconverged, at.now, at.hot, at.wal_began, at.wal_ended
    FROM counted, LATERAL (
        SELECT clock_timestamp() AS now,
               {schema}.hot_updates({table}) AS hot,
               current_setting('longhaul.wal')::int8 AS wal_began,
               {schema}.wal_position() AS wal_ended
        WHERE counted.n IS NOT NULL
    ) AS at
), logged AS (
    INSERT INTO {schema}.batch
        (range_id, stride, lower_key, upper_key, rows_seen, rows_changed, rows_hot, wal_bytes, duration, finished_at)
    SELECT {range}, {stride}, {lower}::text[], {upper}::text[], {seen}, ended.n, ended.hot,
           ended.wal_ended - ended.wal_began, ended.now - transaction_timestamp(), ended.now
    FROM ended
    RETURNING id
)
UPDATE {schema}.range AS progress
SET checkpoint = {checkpoint}::text[],
    window_upper = {window_upper}::text[],
    strides = {strides},
    stride = {next_stride},
    stride_checkpoint = {stride_checkpoint}::text[],
    batches = progress.batches + 1,
    rows_seen = progress.rows_seen + {seen},
    rows_changed = progress.rows_changed + ended.n,
    rows_unconverged = progress.rows_unconverged + ended.unconverged,
    rows_hot = progress.rows_hot + coalesce(ended.hot, 0),
    wal_bytes = progress.wal_bytes + ended.wal_ended - ended.wal_began
FROM ended, logged
WHERE progress.id = current_setting('longhaul.fence')::int8
  AND {same_table}
RETURNING ended.n, ended.hot, ended.wal_began, ended.wal_ended, logged.id
