-- Version 2 of the control schema: what was applied word for word, sections that run outside transactions, jobs that
-- are taken back, and a lock for whoever changes the history.

ALTER TABLE {schema}.revision
    ADD COLUMN content text NOT NULL DEFAULT '',
    ADD COLUMN origin  text NOT NULL DEFAULT 'applied' CHECK (origin IN ('applied', 'skipped', 'stamped'));
COMMENT ON COLUMN {schema}.revision.content IS 'What was applied, normalised: the text that the checksum is of.';
COMMENT ON COLUMN {schema}.revision.origin IS
    'applied: it ran; skipped: its condition did not hold, and nothing was done; stamped: recorded without running.';

-- A section that can't run in one transaction is done statement by statement; this row says how far it came.
CREATE TABLE {schema}.section (
    revision   text PRIMARY KEY,
    direction  text NOT NULL CHECK (direction IN ('up', 'down')),
    done       text[] NOT NULL DEFAULT '{}',
    begun      text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE {schema}.section IS 'Sections with transaction:false that are half done.';
COMMENT ON COLUMN {schema}.section.done IS 'SHA-256 of each statement that is done, in order.';
COMMENT ON COLUMN {schema}.section.begun IS 'SHA-256 of a statement that was begun and may or may not be done.';

ALTER TABLE {schema}.run
    ADD COLUMN direction text NOT NULL DEFAULT 'up' CHECK (direction IN ('up', 'down')),
    DROP CONSTRAINT run_state_check,
    ADD CONSTRAINT run_state_check
        CHECK (state IN ('running', 'proving', 'stopped', 'failed', 'done', 'cancelled', 'undone'));
COMMENT ON COLUMN {schema}.run.direction IS 'down: the run takes the job back, by its [down].';
DROP INDEX {schema}.run_unfinished;
CREATE UNIQUE INDEX run_unfinished ON {schema}.run (job) WHERE state NOT IN ('done', 'cancelled', 'undone');

-- Locked by whoever upgrades, downgrades or stamps, as long as that takes. LOCK TABLE needs no snapshot, so a CREATE
-- INDEX CONCURRENTLY never waits for the holder nor for who asks; it ends with its transaction, so no pooler keeps it.
CREATE TABLE {schema}.history_lock ();
COMMENT ON TABLE {schema}.history_lock IS 'Holds no rows: it is locked by whoever changes the history.';

CREATE FUNCTION {schema}.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'LH002',
        MESSAGE = pg_catalog.format('%I.%I is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        HINT = 'Events are never changed; what went wrong is told by a further event.';
END
$$;
CREATE TRIGGER event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.event
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

DROP VIEW {schema}.history;
CREATE VIEW {schema}.history AS
SELECT id, kind, message, origin, applied_at, applied_by, host, duration, tool_version
FROM {schema}.revision
ORDER BY applied_at;
COMMENT ON VIEW {schema}.history IS 'The applied revisions in order, for psql.';

CREATE TABLE {schema}.command (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,
    subject      text NOT NULL,
    tag          text,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    requested_by text NOT NULL,
    host         text NOT NULL,
    finished_at  timestamptz,
    outcome      text
);
CREATE INDEX command_open ON {schema}.command (id) WHERE finished_at IS NULL;
COMMENT ON TABLE {schema}.command IS 'What was asked of workers: kind upgrade, with the target as its subject.';
