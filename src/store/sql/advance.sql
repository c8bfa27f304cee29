-- Counts what the batch changed and moves the range's position, in the statement that did the changing. What changes
-- the rows, and the parameters, are put in by engine::statements. The range is the one that the fence let pass in this very
-- transaction. If BEGIN failed, say because someone's cancel hit it, this statement would run on its own, without a
-- fence: then the setting is missing or empty, the cast fails, and nothing of it is kept. What is ours is qualified: the
-- search_path is the role's, for the job's SQL.
{changed}, counted AS (
    SELECT pg_catalog.count(*) AS n, pg_catalog.count(*) FILTER (WHERE still_matches) AS unconverged FROM changed
), ended AS (
    -- Looked up once the rows are counted, not before.
    SELECT counted.n, counted.unconverged, at.now, at.hot, at.wal_began, at.wal_ended
    FROM counted, LATERAL (
        SELECT pg_catalog.clock_timestamp() AS now,
               {schema}.hot_updates({table}) AS hot,
               pg_catalog.current_setting('longhaul.wal')::int8 AS wal_began,
               {schema}.wal_position() AS wal_ended
        WHERE counted.n IS NOT NULL
    ) AS at
), logged AS (
    INSERT INTO {schema}.batch
        (range_id, stride, lower_key, upper_key, rows_seen, rows_changed, rows_hot, wal_bytes, duration, finished_at)
    SELECT {range}, {stride}, {lower}::text[], {upper}::text[], {seen}, ended.n, ended.hot,
           ended.wal_ended OPERATOR(pg_catalog.-) ended.wal_began,
           ended.now OPERATOR(pg_catalog.-) pg_catalog.transaction_timestamp(), ended.now
    FROM ended
    RETURNING id
)
UPDATE {schema}.range AS progress
SET checkpoint = {checkpoint}::text[],
    window_upper = {window_upper}::text[],
    strides = {strides},
    stride = {next_stride},
    stride_checkpoint = {stride_checkpoint}::text[],
    batches = progress.batches OPERATOR(pg_catalog.+) 1,
    rows_seen = progress.rows_seen OPERATOR(pg_catalog.+) {seen},
    rows_changed = progress.rows_changed OPERATOR(pg_catalog.+) ended.n,
    rows_unconverged = progress.rows_unconverged OPERATOR(pg_catalog.+) ended.unconverged,
    rows_hot = progress.rows_hot OPERATOR(pg_catalog.+) coalesce(ended.hot, 0),
    wal_bytes = progress.wal_bytes OPERATOR(pg_catalog.+) (ended.wal_ended OPERATOR(pg_catalog.-) ended.wal_began)
FROM ended, logged
WHERE progress.id OPERATOR(pg_catalog.=) pg_catalog.current_setting('longhaul.fence')::int8
  AND {same_table}
RETURNING ended.n, ended.hot, ended.wal_began, ended.wal_ended, logged.id
