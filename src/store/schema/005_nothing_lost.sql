-- Version 5 of the control schema: rows that can't take their new values, and old values that a run is undone with.

ALTER TABLE {schema}.run
    ADD COLUMN before    jsonb,
    ADD COLUMN table_oid oid,
    ADD COLUMN own_oid   oid,
    DROP CONSTRAINT run_state_check,
    ADD CONSTRAINT run_state_check CHECK (state IN (
        'running', 'proving', 'waiting', 'paused', 'stopped', 'failed', 'quarantined', 'done', 'cancelled', 'undone'
    ));

COMMENT ON COLUMN {schema}.run.table_oid IS 'The table itself, of which another may have taken the name since.';
COMMENT ON COLUMN {schema}.run.own_oid IS
    'This very table when the run was made: where it is another now, the database was restored and table_oid says nothing.';
COMMENT ON COLUMN {schema}.run.before IS 'The control totals before the first batch, where the job asks for them.';

CREATE TABLE {schema}.quarantine (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id     bigint NOT NULL REFERENCES {schema}.run (id) ON DELETE CASCADE,
    key_value  text[] NOT NULL,
    old_values jsonb NOT NULL,
    sqlstate   text NOT NULL,
    error      text NOT NULL,
    tries      int NOT NULL DEFAULT 1,
    state      text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'settled', 'dropped')),
    found_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    settled_by text,
    why        text,
    UNIQUE (run_id, key_value)
);
COMMENT ON TABLE {schema}.quarantine IS 'Rows that could not take their new values: the rest of their batches went on.';
COMMENT ON COLUMN {schema}.quarantine.old_values IS 'The whole row, as it was when it was found.';
COMMENT ON COLUMN {schema}.quarantine.state IS
    'held: still to do; settled: done by a retry, or nothing left to do; dropped: an operator leaves it as it is.';

-- One row a batch. Numbers go down, so that what was changed last is read first.
CREATE TABLE {schema}.preimage (
    id         bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1) PRIMARY KEY,
    run_id     bigint NOT NULL REFERENCES {schema}.run (id) ON DELETE CASCADE,
    kept_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    columns    text[] NOT NULL,
    rows       int NOT NULL,
    keys       text[] NOT NULL,
    old_values text[] NOT NULL,
    new_values text[] NOT NULL
);
CREATE INDEX preimage_run ON {schema}.preimage (run_id, id);
COMMENT ON TABLE {schema}.preimage IS 'What batches of jobs with undo = "preimage" overwrote, written by their own transactions.';
COMMENT ON COLUMN {schema}.preimage.columns IS 'The columns that the values are of.';
COMMENT ON COLUMN {schema}.preimage.keys IS 'An element a row: its key as a text[] literal.';
COMMENT ON COLUMN {schema}.preimage.old_values IS 'For each of these rows the columns'' values before, as a text[] literal.';
COMMENT ON COLUMN {schema}.preimage.new_values IS 'The same after: only a row that holds them still is restored.';

-- Called for a row that a batch has changed in a column that was to stay untouched, say by a trigger.
CREATE FUNCTION {schema}.refuse_touched(row_key text, columns text[], old_values text[], new_values text[])
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    changes text := (
        SELECT pg_catalog.string_agg(
            pg_catalog.format('%s from %s to %s', c.name, coalesce(c.old, 'NULL'), coalesce(c.new, 'NULL')), ', '
        )
        FROM ROWS FROM (
            pg_catalog.unnest(columns), pg_catalog.unnest(old_values), pg_catalog.unnest(new_values)
        ) AS c(name, old, new)
        WHERE coalesce(c.old OPERATOR(pg_catalog.<>) c.new, c.old IS NOT NULL OR c.new IS NOT NULL)
    );
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'LH004',
        MESSAGE = pg_catalog.format('row %s changed in what was to stay untouched: %s', row_key, changes),
        HINT = 'Is it a trigger''s doing? Then name the columns that matter: [verify] untouched = ["…"].';
END
$$;

-- Fails when a job's table is not the one any more that its name means.
CREATE FUNCTION {schema}.same_table(named regclass, walked oid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF named::oid OPERATOR(pg_catalog.<>) walked THEN
        RAISE EXCEPTION USING
            ERRCODE = 'LH005',
            MESSAGE = pg_catalog.format('the name %s means another table than when the run was taken up', named);
    END IF;
    RETURN true;
END
$$;
