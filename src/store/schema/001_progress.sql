-- Version 1 of the control schema: history, events, runs and their progress.
-- {schema} stands for the schema's quoted name.

CREATE TABLE {schema}.revision (
    id           text PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('schema', 'data')),
    message      text NOT NULL,
    checksum     text NOT NULL,
    applied_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by   text NOT NULL,
    host         text NOT NULL,
    duration     interval NOT NULL,
    tool_version text NOT NULL
);
COMMENT ON TABLE {schema}.revision IS 'One row per applied revision.';

CREATE TABLE {schema}.event (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind     text NOT NULL,
    run_id   bigint,
    revision text,
    actor    text NOT NULL,
    host     text NOT NULL,
    message  text NOT NULL,
    detail   jsonb
);
CREATE INDEX event_run_id ON {schema}.event (run_id, id);
COMMENT ON TABLE {schema}.event IS 'Append-only: every change of state, by whom and from where.';

CREATE TABLE {schema}.run (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job            text NOT NULL,
    name           text NOT NULL,
    table_name     text NOT NULL,
    key_columns    text[] NOT NULL,
    definition     text NOT NULL,
    state          text NOT NULL CHECK (state IN ('running', 'proving', 'stopped', 'failed', 'done', 'cancelled')),
    pass           int NOT NULL DEFAULT 0,
    estimated_rows bigint NOT NULL,
    started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_by     text NOT NULL,
    finished_at    timestamptz,
    reason         text,
    sign_off       jsonb
) WITH (fillfactor = 50);
-- Only one run of a job may be unfinished.
CREATE UNIQUE INDEX run_unfinished ON {schema}.run (job) WHERE state NOT IN ('done', 'cancelled');
CREATE INDEX run_job ON {schema}.run (job, id);
COMMENT ON COLUMN {schema}.run.job IS 'The revision id of the job, or its name outside the history.';
COMMENT ON COLUMN {schema}.run.definition IS 'What the job does, for the comparison at resume.';
COMMENT ON COLUMN {schema}.run.sign_off IS 'The proof: rows left, totals, snapshot. Set when the run is done.';

CREATE TABLE {schema}.worker (
    id            uuid PRIMARY KEY,
    run_id        bigint NOT NULL REFERENCES {schema}.run (id) ON DELETE CASCADE,
    host          text NOT NULL,
    process_id    int NOT NULL,
    actor         text NOT NULL,
    tool_version  text NOT NULL,
    backend_pid   int NOT NULL,
    backend_start timestamptz NOT NULL,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE {schema}.worker IS 'Processes at work, each for as long as it lives and beats.';

-- A hot row: the checkpoint changes with every batch, so no index may contain a changing column.
CREATE TABLE {schema}.range (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id       bigint NOT NULL REFERENCES {schema}.run (id) ON DELETE CASCADE,
    pass         int NOT NULL,
    lower_key    text[],
    upper_key    text[] NOT NULL,
    checkpoint   text[],
    finished     boolean NOT NULL DEFAULT false,
    lease        uuid,
    worker_id    uuid,
    batches      bigint NOT NULL DEFAULT 0,
    rows_seen    bigint NOT NULL DEFAULT 0,
    rows_changed bigint NOT NULL DEFAULT 0,
    rows_unconverged bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
CREATE INDEX range_run ON {schema}.range (run_id, pass);
COMMENT ON COLUMN {schema}.range.lower_key IS 'Keys greater than this; NULL: from the beginning.';
COMMENT ON COLUMN {schema}.range.upper_key IS 'Keys up to and with this one.';
COMMENT ON COLUMN {schema}.range.rows_unconverged IS
    'Of the rows changed, those that matched the filter still: they are not to be visited again.';
COMMENT ON COLUMN {schema}.range.checkpoint IS 'Everything up to and with this key is done; NULL: nothing yet.';

CREATE TABLE {schema}.batch (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    range_id     bigint NOT NULL REFERENCES {schema}.range (id) ON DELETE CASCADE,
    lower_key    text[],
    upper_key    text[] NOT NULL,
    rows_seen    bigint NOT NULL,
    rows_changed bigint NOT NULL,
    duration     interval NOT NULL,
    finished_at  timestamptz NOT NULL
);
CREATE INDEX batch_range ON {schema}.batch (range_id, id);
COMMENT ON TABLE {schema}.batch IS 'Recent batches, each written by its own transaction.';
COMMENT ON COLUMN {schema}.batch.duration IS 'From the transaction''s start to just before its commit.';

-- Called first in every batch: nothing of the batch may commit when the range is no longer this worker's, or not
-- where this worker believes it is. The row stays locked until the batch ends, so nobody can take it meanwhile.
CREATE FUNCTION {schema}.fence(
    wanted_range bigint,
    wanted_lease uuid,
    wanted_checkpoint text[],
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
      AND r.checkpoint IS NOT DISTINCT FROM wanted_checkpoint
      AND NOT r.finished
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'LH001',
            MESSAGE = format('range %s is no longer held by this worker', wanted_range);
    END IF;
    -- By this the rows' statement finds its range: without a fence in its own transaction it fails.
    PERFORM set_config('longhaul.fence', wanted_range::text, true);
    PERFORM set_config('statement_timeout', wanted_statement_timeout, true);
    PERFORM set_config('enable_seqscan', 'off', true);
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
END
$$;

CREATE VIEW {schema}.status AS
SELECT run.id AS run_id,
       run.name,
       run.job,
       run.table_name,
       run.state,
       run.pass,
       coalesce(sum(range.batches), 0)::bigint AS batches,
       coalesce(sum(range.rows_seen) FILTER (WHERE range.pass = 0), 0)::bigint AS rows_seen,
       coalesce(sum(range.rows_changed), 0)::bigint AS rows_changed,
       run.estimated_rows,
       run.started_at,
       run.finished_at,
       run.reason
FROM {schema}.run AS run
LEFT JOIN {schema}.range AS range ON range.run_id = run.id
GROUP BY run.id
ORDER BY run.id;
COMMENT ON VIEW {schema}.status IS 'What `longhaul status` says, for psql.';

CREATE VIEW {schema}.history AS
SELECT id, kind, message, applied_at, applied_by, host, duration, tool_version
FROM {schema}.revision
ORDER BY applied_at;
COMMENT ON VIEW {schema}.history IS 'The applied revisions in order, for psql.';
