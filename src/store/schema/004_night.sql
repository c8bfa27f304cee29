-- Version 4 of the control schema: what operators want of a run, what its processes are doing and use, and what the
-- batches cost others.

ALTER TABLE {schema}.run
    ADD COLUMN wanted    text NOT NULL DEFAULT 'work' CHECK (wanted IN ('work', 'pause', 'cancel')),
    ADD COLUMN wanted_by text,
    ADD COLUMN wanted_at timestamptz,
    ADD COLUMN wanted_why text,
    ADD COLUMN settings  text NOT NULL DEFAULT '',
    DROP CONSTRAINT run_state_check,
    ADD CONSTRAINT run_state_check CHECK (state IN (
        'running', 'proving', 'waiting', 'paused', 'stopped', 'failed', 'done', 'cancelled', 'undone'
    ));
COMMENT ON COLUMN {schema}.run.wanted IS 'What an operator wants; state is where the run stands.';
COMMENT ON COLUMN {schema}.run.settings IS 'What `longhaul set` says, as TOML: it stands above the job''s file.';

-- One row: what holds for every run of the database.
CREATE TABLE {schema}.database_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    settings text NOT NULL DEFAULT '',
    set_by   text,
    set_at   timestamptz
);
INSERT INTO {schema}.database_settings DEFAULT VALUES;
COMMENT ON TABLE {schema}.database_settings IS 'What `longhaul set --database` says, as TOML: limits and hours of all runs.';

ALTER TABLE {schema}.worker
    ADD COLUMN doing           text NOT NULL DEFAULT 'working',
    ADD COLUMN doing_since     timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN rows_per_second float8 NOT NULL DEFAULT 0,
    ADD COLUMN wal_per_second  float8 NOT NULL DEFAULT 0,
    ADD COLUMN hungry          boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN {schema}.worker.doing IS 'working, or what it waits for.';
COMMENT ON COLUMN {schema}.worker.hungry IS 'A limit holds it back: it could use a greater share.';

ALTER TABLE {schema}.range
    ADD COLUMN wal_bytes       bigint NOT NULL DEFAULT 0,
    ADD COLUMN gave_way        bigint NOT NULL DEFAULT 0,
    ADD COLUMN longest_blocked interval NOT NULL DEFAULT '0',
    ADD COLUMN lock_wait       interval NOT NULL DEFAULT '0';
COMMENT ON COLUMN {schema}.range.wal_bytes IS 'WAL that the server wrote while the batches ran.';
COMMENT ON COLUMN {schema}.range.gave_way IS 'Batches that were cancelled because others waited for them.';
COMMENT ON COLUMN {schema}.range.longest_blocked IS 'The longest that a session was seen to wait for a batch.';
COMMENT ON COLUMN {schema}.range.lock_wait IS 'How long the batches were seen to wait for locks of others, in all.';

ALTER TABLE {schema}.batch
    ADD COLUMN wal_bytes   bigint,
    ADD COLUMN lock_wait   interval,
    ADD COLUMN blocked     int,
    ADD COLUMN blocked_for interval;
COMMENT ON COLUMN {schema}.batch.wal_bytes IS 'WAL that the server wrote meanwhile, that of others included.';
COMMENT ON COLUMN {schema}.batch.lock_wait IS 'How long it was seen to wait for locks; NULL: not at all.';
COMMENT ON COLUMN {schema}.batch.blocked IS 'Sessions that were seen to wait for it; NULL: none.';
COMMENT ON COLUMN {schema}.batch.blocked_for IS 'For how long the first of them waited.';

-- As before, and remembers where the WAL stood.
CREATE OR REPLACE FUNCTION {schema}.fence(
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
            set_config('longhaul.wal', {schema}.wal_position()::text, true),
            set_config('statement_timeout', wanted_statement_timeout, true),
            set_config('enable_seqscan', 'off', true),
            set_config('plan_cache_mode', 'force_custom_plan', true),
            set_config('jit', 'off', true);
END
$$;

-- Where the server's WAL stands, in bytes.
CREATE FUNCTION {schema}.wal_position() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT (pg_catalog.pg_current_wal_insert_lsn() OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn)::int8
$$;

DROP VIEW {schema}.status;
CREATE VIEW {schema}.status AS
SELECT run.id AS run_id,
       run.name,
       run.job,
       run.table_name,
       run.state,
       run.wanted,
       run.wanted_by,
       run.wanted_why,
       (SELECT string_agg(DISTINCT worker.doing, '; ') FROM {schema}.worker WHERE worker.run_id = run.id) AS doing,
       run.pass,
       coalesce(sum(range.batches), 0)::bigint AS batches,
       coalesce(sum(range.rows_seen) FILTER (WHERE range.pass = 0), 0)::bigint AS rows_seen,
       coalesce(sum(range.rows_changed), 0)::bigint AS rows_changed,
       coalesce(sum(range.wal_bytes), 0)::bigint AS wal_bytes,
       coalesce(sum(range.gave_way), 0)::bigint AS gave_way,
       coalesce(max(range.longest_blocked), '0') AS longest_blocked,
       run.estimated_rows,
       run.started_at,
       run.finished_at,
       run.reason
FROM {schema}.run AS run
LEFT JOIN {schema}.range AS range ON range.run_id = run.id
GROUP BY run.id
ORDER BY run.id;
COMMENT ON VIEW {schema}.status IS 'What `longhaul status` says, for psql.';
