-- Version 6 of the control schema: what `plan` expects of a run, for the comparison after it.

CREATE TABLE {schema}.forecast (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job        text NOT NULL,
    direction  text NOT NULL,
    definition text NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by    text NOT NULL,
    figures    jsonb NOT NULL
);
CREATE INDEX forecast_job ON {schema}.forecast (job, id);
COMMENT ON TABLE {schema}.forecast IS 'What `plan` said of a job; a run is compared with the latest before it, of the same definition.';
COMMENT ON COLUMN {schema}.forecast.definition IS 'What the job did then: another one has another forecast.';
COMMENT ON COLUMN {schema}.forecast.figures IS 'Ranges, low and high: rows, batches, seconds, bytes.';

-- Of runs that began before this version it isn't known.
ALTER TABLE {schema}.run ADD COLUMN wal_began pg_lsn;
ALTER TABLE {schema}.run ALTER COLUMN wal_began SET DEFAULT pg_catalog.pg_current_wal_insert_lsn();
COMMENT ON COLUMN {schema}.run.wal_began IS 'Where the server''s WAL stood when the run began.';
