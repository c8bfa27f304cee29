-- Version 3 of the control schema: ranges in physical order, windows that are visited stride by stride, and several
-- workers in one process.

ALTER TABLE {schema}.run
    ADD COLUMN walk text NOT NULL DEFAULT '';
COMMENT ON COLUMN {schema}.run.walk IS 'In what order and in how many strides the table is walked now, and why.';

ALTER TABLE {schema}.range
    ADD COLUMN walk_order        text NOT NULL DEFAULT 'key' CHECK (walk_order IN ('key', 'physical')),
    ADD COLUMN file_node         oid NOT NULL DEFAULT 0,
    ADD COLUMN window_upper      text[],
    ADD COLUMN strides           int NOT NULL DEFAULT 1,
    ADD COLUMN stride            int NOT NULL DEFAULT 0,
    ADD COLUMN stride_checkpoint text[],
    ADD COLUMN rows_hot          bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN {schema}.range.walk_order IS
    'key: positions are key values, lower < key <= upper; physical: they are block numbers, lower <= block < upper.';
COMMENT ON COLUMN {schema}.range.file_node IS
    'physical: the file that the block numbers are of; once the table is rewritten, they mean nothing.';
COMMENT ON COLUMN {schema}.range.checkpoint IS 'Everything up to here is done, in every stride; NULL: nothing yet.';
COMMENT ON COLUMN {schema}.range.window_upper IS
    'The window in hand begins at the checkpoint and ends here; NULL: none.';
COMMENT ON COLUMN {schema}.range.stride IS 'Of the window''s strides, the one in hand, from 0.';
COMMENT ON COLUMN {schema}.range.stride_checkpoint IS 'The stride in hand is done up to here; NULL: nothing of it yet.';
COMMENT ON COLUMN {schema}.range.rows_hot IS 'Of the rows changed, those whose new version stayed on its page.';

ALTER TABLE {schema}.batch
    ADD COLUMN stride   int NOT NULL DEFAULT 0,
    ADD COLUMN rows_hot bigint;

-- Called first in every batch: nothing of the batch may commit when the range is no longer this worker's, not where
-- this worker believes it is, or not as long any more. Each batch adds one to `batches`, so that number says where
-- the range stands. The row stays locked until the batch ends, so nobody can take or split it meanwhile.
DROP FUNCTION {schema}.fence(bigint, uuid, text[], text, text);
CREATE FUNCTION {schema}.fence(
    wanted_range bigint,
    wanted_lease uuid,
    wanted_batches bigint,
    wanted_upper text[],
    changed_table oid,
    wanted_lock_timeout text,
    wanted_statement_timeout text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('lock_timeout', wanted_lock_timeout, true);
    PERFORM 1
    FROM {schema}.range AS r
    WHERE r.id = wanted_range
      AND r.lease = wanted_lease
      AND r.batches = wanted_batches
      AND r.upper_key = wanted_upper
      AND NOT r.finished
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'LH001',
            MESSAGE = format('range %s is no longer held by this worker', wanted_range);
    END IF;
    -- By this the rows' statement finds its range: without a fence in its own transaction it fails.
    PERFORM set_config('longhaul.fence', wanted_range::text, true),
            -- Of this session's HOT updates, those before this batch: the server counts them on from batch to batch.
            set_config('longhaul.hot', pg_stat_get_xact_tuples_hot_updated(changed_table)::text, true),
            set_config('statement_timeout', wanted_statement_timeout, true),
            set_config('enable_seqscan', 'off', true),
            set_config('plan_cache_mode', 'force_custom_plan', true),
            set_config('jit', 'off', true);
END
$$;

-- The HOT updates of the batch in hand; NULL where the server doesn't count.
CREATE FUNCTION {schema}.hot_updates(changed_table oid) RETURNS bigint
LANGUAGE sql AS $$
    -- Qualified here and below: a batch calls these while the search_path is its role's.
    SELECT CASE WHEN pg_catalog.current_setting('track_counts')::bool
           THEN pg_catalog.pg_stat_get_xact_tuples_hot_updated(changed_table)
                OPERATOR(pg_catalog.-) pg_catalog.current_setting('longhaul.hot')::int8 END
$$;

-- Fails when the table's rows are in another file than its blocks were numbered in.
CREATE FUNCTION {schema}.same_file(walked_table oid, wanted_file oid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF (pg_catalog.pg_relation_filenode(walked_table) OPERATOR(pg_catalog.=) wanted_file) IS NOT TRUE THEN
        RAISE EXCEPTION USING
            ERRCODE = 'LH003',
            MESSAGE = pg_catalog.format('table %s was rewritten: its blocks are numbered anew', walked_table::pg_catalog.regclass);
    END IF;
    RETURN true;
END
$$;
