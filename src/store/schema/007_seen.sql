-- Version 7 of the control schema: what processes at work did and saw over time, for the charts of page and report.

CREATE TABLE {schema}.sample (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id          bigint NOT NULL REFERENCES {schema}.run (id) ON DELETE CASCADE,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    seconds         float8 NOT NULL CHECK (seconds >= 0),
    stay            uuid NOT NULL,
    actor           text NOT NULL,
    host            text NOT NULL,
    process_id      int NOT NULL,
    workers         int NOT NULL,
    batches         bigint NOT NULL,
    rows_seen       bigint NOT NULL,
    rows_changed    bigint NOT NULL,
    wal_bytes       bigint NOT NULL,
    batch_time      float8 NOT NULL,
    longest_batch   float8 NOT NULL,
    lock_wait       float8 NOT NULL,
    longest_blocked float8 NOT NULL,
    gave_way        bigint NOT NULL,
    signals         jsonb NOT NULL
);
CREATE INDEX sample_run ON {schema}.sample (run_id, at);
COMMENT ON TABLE {schema}.sample IS 'What each process at work on a run did and saw, every ten seconds.';
COMMENT ON COLUMN {schema}.sample.seconds IS 'The time that the sample is of: it ends at `at`.';
COMMENT ON COLUMN {schema}.sample.stay IS 'One stay of a process at the run: a process id comes again.';
COMMENT ON COLUMN {schema}.sample.batch_time IS 'Seconds that the batches took, in all; longest_batch: the longest of them.';
COMMENT ON COLUMN {schema}.sample.lock_wait IS 'Seconds that batches were seen to wait for locks of others, in all.';
COMMENT ON COLUMN {schema}.sample.longest_blocked IS 'Seconds that a session was seen to wait for a batch, at the longest.';
COMMENT ON COLUMN {schema}.sample.signals IS
    'By signal: [value, limit, unit, operator], the value that was nearest to trouble.';

-- A run's samples of a span of time, in so many stretches of equal length, from the first to the last. A sample belongs where its
-- middle is: one that ends on a border belongs to the stretch before.
CREATE FUNCTION {schema}.stretches(wanted_run bigint, from_at bigint, to_at bigint, points int)
RETURNS TABLE (place int, began timestamptz, stretch interval, sample {schema}.sample)
LANGUAGE sql STABLE AS $$
    WITH wanted AS (
        SELECT s, s.at, s.at - pg_catalog.make_interval(secs => s.seconds) AS since
        FROM {schema}.sample AS s
        WHERE s.run_id = wanted_run
          AND (from_at IS NULL OR s.at >= pg_catalog.to_timestamp(from_at / 1000000.0))
          AND (to_at IS NULL OR s.at <= pg_catalog.to_timestamp(to_at / 1000000.0))
    ), span AS (
        SELECT pg_catalog.min(since) AS began,
               greatest(pg_catalog.max(at) - pg_catalog.min(since), interval '1 second') / points AS stretch
        FROM wanted
    )
    SELECT pg_catalog.floor(extract(epoch FROM w.since + (w.at - w.since) / 2 - span.began)
                            / extract(epoch FROM span.stretch))::int,
           span.began, span.stretch, w.s
    FROM wanted AS w, span
$$;
COMMENT ON FUNCTION {schema}.stretches IS 'Times are microseconds since 1970; NULL: from the first, to the last.';

CREATE TABLE {schema}.timing (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id   bigint REFERENCES {schema}.run (id) ON DELETE CASCADE,
    revision text,
    phase    text NOT NULL CHECK (phase IN ('before', 'during', 'after')),
    query    text NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    seconds  float8,
    gave_up  boolean NOT NULL DEFAULT false,
    error    text,
    plan     text,
    CHECK (num_nonnulls(run_id, revision) = 1),
    CHECK (num_nonnulls(seconds, error) = 1)
);
CREATE INDEX timing_run ON {schema}.timing (run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX timing_revision ON {schema}.timing (revision, id) WHERE revision IS NOT NULL;
COMMENT ON TABLE {schema}.timing IS 'Queries of the application, timed before, during and after runs and schema revisions.';
COMMENT ON COLUMN {schema}.timing.query IS 'The name that the configuration gives it.';
COMMENT ON COLUMN {schema}.timing.gave_up IS 'It was cut off after that time.';
COMMENT ON COLUMN {schema}.timing.error IS 'SQLSTATE, where it could not be run.';
COMMENT ON COLUMN {schema}.timing.plan IS 'How the server did it, at the first and the last of a phase.';

-- What people are told of while nobody looks. One row a message: several processes notice the same, and one of them sends it.
CREATE TABLE {schema}.alert (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert         text NOT NULL,
    occurrence    text NOT NULL,
    status        text NOT NULL CHECK (status IN ('firing', 'resolved')),
    kind          text NOT NULL,
    run_id        bigint,
    message       jsonb NOT NULL,
    noticed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    noticed_by    text NOT NULL,
    state         text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'dropped')),
    attempts      int NOT NULL DEFAULT 0,
    next_try_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by    text,
    claimed_until timestamptz,
    sent_at       timestamptz,
    last_error    text,
    UNIQUE (alert, occurrence, status)
);
CREATE INDEX alert_due ON {schema}.alert (alert, id) WHERE state = 'due';
COMMENT ON TABLE {schema}.alert IS 'Messages of [[alert]]: each is noticed once and sent by whoever claims it.';
COMMENT ON COLUMN {schema}.alert.alert IS 'The name of the [[alert]] in the configuration.';
COMMENT ON COLUMN {schema}.alert.occurrence IS 'What it tells of: the same from whichever host, and as long as it lasts.';
COMMENT ON COLUMN {schema}.alert.state IS 'due: to be sent, or being sent; dropped: tried in vain for as long as retry_for says.';
COMMENT ON COLUMN {schema}.alert.claimed_until IS 'Until then its sender has it; then another may.';

-- Up to which event of the log an alert has been looked for.
CREATE TABLE {schema}.alert_watch (
    alert    text PRIMARY KEY,
    event_id bigint NOT NULL
);
COMMENT ON TABLE {schema}.alert_watch IS 'For each [[alert]], up to which event its messages have been noticed.';

-- What the server adds to an error may be the whole row: it is for who may see what is in the quarantine, and for nobody else.
ALTER TABLE {schema}.quarantine ADD COLUMN detail text;
COMMENT ON COLUMN {schema}.quarantine.detail IS 'What the server adds to the error: it may have the row''s values in it.';
