-- Gives roles the rights that longhaul's commands need, and no others. For psql, as a superuser or the objects' owner:
--
--   psql -v migrator=payroll_migrator -v runner=payroll_runner -v operator=payroll_operator -v reader=longhaul_reader \
--        -v tables='payroll.entries, payroll."Pay Slips"' -f scripts/grants.sql "$DATABASE_URL"
--
--   migrator   applies and undoes revisions: upgrade, downgrade, stamp, and everything below
--   runner     runs jobs on `tables`: run, worker, verify, and what an operator does
--   operator   pause, resume, cancel, set, and what a reader does; nothing of the tables
--   reader     status, log, current, history, check, doctor; changes nothing
--   tables     of jobs, separated by commas, written as in SQL
--   schema     the control schema [default: longhaul]
--   monitor    =off: without pg_monitor (below)
--   restore_points  =on: the migrator and the runner may call pg_create_restore_point
--
-- The roles must be there; one that isn't named gets nothing. It can be run again, and is to be run again
--
--   * once the control schema's tables are there. Run first, it makes the schema for the migrator, whose first command
--     (`longhaul upgrade`, `longhaul set --database`) then makes its tables without any right on the database. Who leaves
--     the schema to longhaul needs CREATE ON DATABASE for that one time.
--   * when a newer longhaul has brought the control schema up, which only its owner can: let the migrator come first.
--
-- What a revision does needs rights of its own, which nobody can list: ALTER TABLE is for the table's owner. Either the
-- migrator owns the tables, or it is a member of the role that does: GRANT payroll_owner TO payroll_migrator. It gets
-- CREATE on the tables' schemas here.
--
-- pg_monitor shows a role what other roles' sessions do. Without it
--
--   active_sessions, oldest_transaction   are not watched; given as limits, they hold a run for ever
--   replica_lag                           is not watched where there are replicas
--   autovacuum                            is not watched while an autovacuum runs
--   free_disk                             is not watched on the server's own machine: needs pg_read_all_settings
--   who blocks, who keeps dead rows       is told by the process id alone, without name and query
--
-- pg_read_all_stats and pg_read_all_settings are the parts of it that are used, for who grants those instead (monitor=off).

\set ON_ERROR_STOP on
\if :{?schema}
\else
    \set schema longhaul
\endif
\if :{?tables}
\else
    \set tables ''
\endif
\if :{?migrator}
\else
    \set migrator ''
\endif
\if :{?runner}
\else
    \set runner ''
\endif
\if :{?operator}
\else
    \set operator ''
\endif
\if :{?reader}
\else
    \set reader ''
\endif
\if :{?monitor}
\else
    \set monitor on
\endif
\if :{?restore_points}
\else
    \set restore_points off
\endif

BEGIN;

-- Whatever is in other schemas is not taken for PostgreSQL's own.
SELECT pg_catalog.set_config('grants.search_path', pg_catalog.current_setting('search_path'), true),
       pg_catalog.set_config('grants.schema', :'schema', true),
       pg_catalog.set_config('grants.tables', :'tables', true),
       pg_catalog.set_config('grants.migrator', :'migrator', true),
       pg_catalog.set_config('grants.runner', :'runner', true),
       pg_catalog.set_config('grants.operator', :'operator', true),
       pg_catalog.set_config('grants.reader', :'reader', true),
       pg_catalog.set_config('grants.monitor', :'monitor', true),
       pg_catalog.set_config('grants.restore_points', :'restore_points', true)
\g /dev/null
SET LOCAL search_path = pg_catalog, pg_temp;

-- The schema.
DO $$
DECLARE
    control text := current_setting('grants.schema');
    migrator text := current_setting('grants.migrator');
    role text;
BEGIN
    IF to_regnamespace(quote_ident(control)) IS NULL THEN
        IF migrator = '' THEN
            RAISE EXCEPTION 'there is no schema %, and no migrator is named who is to have it', quote_ident(control);
        END IF;
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', control, migrator);
    END IF;
    FOREACH role IN ARRAY ARRAY[migrator, current_setting('grants.runner'), current_setting('grants.operator'),
                                current_setting('grants.reader')] LOOP
        IF role <> '' THEN
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', control, role);
        END IF;
    END LOOP;
END
$$;

-- Its tables, once they are there.
DO $$
DECLARE
    control text := current_setting('grants.schema');
    entry record;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class AS c WHERE c.relnamespace = to_regnamespace(quote_ident(control)) AND c.relname = 'schema_version'
    ) THEN
        RAISE NOTICE 'the control schema is empty: run this again once longhaul has made its tables';
        RETURN;
    END IF;
    FOR entry IN
        SELECT current_setting('grants.' || needs.role) AS role, c.relname AS relation, needs.rights
        FROM (VALUES
            -- LOCK TABLE, which keeps others from a run or from the history for a moment, needs UPDATE on the whole table.
            ('operator', 'run', 'UPDATE'),
            ('operator', 'database_settings', 'UPDATE'),
            ('operator', 'event', 'INSERT'),
            -- A run that nobody is at work on is cancelled by who cancels it.
            ('operator', 'worker', 'DELETE'),
            ('operator', 'range', 'UPDATE'),

            ('runner', 'run', 'INSERT, UPDATE'),
            ('runner', 'range', 'INSERT, UPDATE'),
            ('runner', 'batch', 'INSERT, UPDATE, DELETE'),
            ('runner', 'worker', 'INSERT, UPDATE, DELETE'),
            ('runner', 'quarantine', 'SELECT, INSERT, UPDATE'),
            ('runner', 'preimage', 'SELECT, INSERT, UPDATE, DELETE'),
            ('runner', 'database_settings', 'UPDATE'),
            ('runner', 'event', 'INSERT'),
            ('runner', 'sample', 'INSERT'),
            ('runner', 'timing', 'INSERT'),
            ('runner', 'alert', 'INSERT, UPDATE, DELETE'),
            ('runner', 'alert_watch', 'INSERT, UPDATE'),
            -- What `plan` expects, for the comparison after the run.
            ('runner', 'forecast', 'INSERT'),
            -- A job that is a revision is recorded when it is done.
            ('runner', 'revision', 'INSERT, UPDATE'),
            ('runner', 'section', 'DELETE'),
            ('runner', 'history_lock', 'UPDATE'),
            -- What `upgrade --detach` left is done with.
            ('runner', 'command', 'UPDATE'),

            ('migrator', 'run', 'INSERT, UPDATE'),
            ('migrator', 'range', 'INSERT, UPDATE'),
            ('migrator', 'batch', 'INSERT, UPDATE, DELETE'),
            ('migrator', 'worker', 'INSERT, UPDATE, DELETE'),
            ('migrator', 'quarantine', 'SELECT, INSERT, UPDATE'),
            ('migrator', 'preimage', 'SELECT, INSERT, UPDATE, DELETE'),
            -- How many rows are in quarantine is for everybody; what is in them is for who may read the table.
            ('operator', 'quarantine', 'SELECT (run_id, state)'),
            ('reader', 'quarantine', 'SELECT (run_id, state)'),
            ('migrator', 'database_settings', 'UPDATE'),
            ('migrator', 'event', 'INSERT'),
            ('migrator', 'sample', 'INSERT'),
            ('migrator', 'timing', 'INSERT'),
            ('migrator', 'alert', 'INSERT, UPDATE, DELETE'),
            ('migrator', 'alert_watch', 'INSERT, UPDATE'),
            -- `serve` may be an operator's, and tells people as well.
            ('operator', 'alert', 'INSERT, UPDATE, DELETE'),
            ('operator', 'alert_watch', 'INSERT, UPDATE'),
            ('migrator', 'forecast', 'INSERT'),
            ('migrator', 'revision', 'INSERT, UPDATE, DELETE'),
            ('migrator', 'section', 'INSERT, UPDATE, DELETE'),
            ('migrator', 'history_lock', 'UPDATE'),
            ('migrator', 'command', 'INSERT, UPDATE')
        ) AS needs (role, relation, rights)
        JOIN pg_class AS c ON c.relname = needs.relation AND c.relnamespace = to_regnamespace(quote_ident(control))
        UNION ALL
        SELECT current_setting('grants.' || everybody.role), c.relname, 'SELECT'
        FROM unnest(ARRAY['migrator', 'runner', 'operator', 'reader']) AS everybody (role)
        JOIN pg_class AS c ON c.relnamespace = to_regnamespace(quote_ident(control)) AND c.relkind IN ('r', 'v')
                      AND c.relname NOT IN ('quarantine', 'preimage')
    LOOP
        IF entry.role <> '' THEN
            EXECUTE format('GRANT %s ON %I.%I TO %I', entry.rights, control, entry.relation, entry.role);
            -- PUBLIC has it, unless somebody's default privileges took it away.
            EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO %I', control, entry.role);
        END IF;
    END LOOP;
END
$$;

-- The tables that jobs change, and their schemas. Names without a schema are looked up as the session would have.
DO $$
DECLARE
    migrator text := current_setting('grants.migrator');
    runner text := current_setting('grants.runner');
    written text;
    found record;
BEGIN
    FOR written IN
        SELECT trim(BOTH E' \n\t' FROM part[1])
        FROM regexp_matches(current_setting('grants.tables'), '((?:"(?:[^"]|"")*"|[^",])+)', 'g') AS part
    LOOP
        CONTINUE WHEN written = '';
        PERFORM set_config('search_path', current_setting('grants.search_path'), true);
        SELECT n.nspname AS schema, c.relname AS relation INTO found
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.oid = pg_catalog.to_regclass(written);
        SET LOCAL search_path = pg_catalog, pg_temp;
        IF found.relation IS NULL THEN
            RAISE EXCEPTION 'there is no table %', written;
        END IF;
        IF runner <> '' THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', found.schema, runner);
            EXECUTE format('GRANT SELECT, UPDATE ON %I.%I TO %I', found.schema, found.relation, runner);
        END IF;
        IF migrator <> '' THEN
            EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', found.schema, migrator);
            EXECUTE format('GRANT SELECT, UPDATE ON %I.%I TO %I', found.schema, found.relation, migrator);
        END IF;
    END LOOP;
END
$$;

-- What the server tells, and restore points.
DO $$
DECLARE
    role text;
    restores boolean := current_setting('grants.restore_points')::boolean;
BEGIN
    FOREACH role IN ARRAY ARRAY[current_setting('grants.migrator'), current_setting('grants.runner')] LOOP
        CONTINUE WHEN role = '';
        IF current_setting('grants.monitor')::boolean THEN
            EXECUTE format('GRANT pg_monitor TO %I', role);
        END IF;
        IF restores THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION pg_create_restore_point(text) TO %I', role);
        END IF;
    END LOOP;
END
$$;

COMMIT;
