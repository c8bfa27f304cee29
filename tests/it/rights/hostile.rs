//! Whoever may make objects in a schema of the `search_path` runs nothing with our rights, and changes nothing that we do.

use crate::support::{Database, Project};

/// Functions that fit ours better than PostgreSQL's own do, or stand before them: each raises an error.
const TRAPS: &[&str] = &[
    "array_length(text[], int)",
    "cardinality(text[])",
    "clock_timestamp()",
    "current_setting(text)",
    "format(text, bigint)",
    "format(text, int)",
    "format(text, name)",
    "format(text, name, name)",
    "format(text, name, text)",
    "format(text, oid)",
    "format(text, regclass)",
    "format(text, text)",
    "format(text, text, name)",
    "format(text, text, name, text)",
    "format_type(oid, int)",
    "has_schema_privilege(oid, text)",
    "has_table_privilege(oid, text)",
    "hashtextextended(text, int)",
    "jsonb_build_object(text, text)",
    "left(text, int)",
    "md5(text)",
    "pg_backend_pid()",
    "pg_current_wal_insert_lsn()",
    "pg_get_userbyid(oid)",
    "pg_has_role(name, text, text)",
    "pg_notify(text, text)",
    "pg_relation_filenode(oid)",
    "pg_relation_filenode(regclass)",
    "pg_relation_size(regclass)",
    "pg_size_bytes(text)",
    "quote_ident(name)",
    "quote_ident(text)",
    "regexp_replace(text, text, text, text)",
    "replace(text, text, name)",
    "set_config(text, text, bool)",
    "to_char(timestamptz, text)",
    "to_regclass(text)",
    "transaction_timestamp()",
    "unnest(text[])",
];

/// Aggregates whose first row raises an error, and operators.
const MORE_TRAPS: &str = "
    CREATE FUNCTION S.step(state bigint) RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by count'; END $$;
    CREATE FUNCTION S.step(state bigint, value bool) RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by count'; END $$;
    CREATE FUNCTION S.step(state text[], value text) RETURNS text[] LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by array_agg'; END $$;
    CREATE AGGREGATE S.count(*) (sfunc = S.step, stype = bigint, initcond = '0');
    CREATE AGGREGATE S.count(bool) (sfunc = S.step, stype = bigint, initcond = '0');
    CREATE AGGREGATE S.array_agg(text) (sfunc = S.step, stype = text[], initcond = '{}');
    CREATE FUNCTION S.equal(text, text) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by ='; END $$;
    CREATE FUNCTION S.equal(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by ='; END $$;
    CREATE FUNCTION S.equal(oid, oid) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by ='; END $$;
    CREATE FUNCTION S.plus(bigint, bigint) RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by +'; END $$;
    CREATE FUNCTION S.minus(pg_lsn, pg_lsn) RETURNS numeric LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trapped by -'; END $$;
    CREATE OPERATOR S.= (leftarg = text, rightarg = text, function = S.equal);
    CREATE OPERATOR S.= (leftarg = bigint, rightarg = bigint, function = S.equal);
    CREATE OPERATOR S.= (leftarg = oid, rightarg = oid, function = S.equal);
    CREATE OPERATOR S.+ (leftarg = bigint, rightarg = bigint, function = S.plus);
    CREATE OPERATOR S.- (leftarg = pg_lsn, rightarg = pg_lsn, function = S.minus);";

const REVISION: &str = "-- revision: aaaa1111\n-- migrate:up\nCREATE TABLE made (id int);\n-- migrate:down\nDROP TABLE made;\n\
     -- migrate:verify\nSELECT 'made'::regclass IS NOT NULL;\n";

const BY_STATEMENTS: &str = "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up transaction:false\n\
     CREATE INDEX CONCURRENTLY made_id ON made (id);\nANALYZE made;\n-- migrate:down transaction:false\n\
     DROP INDEX CONCURRENTLY made_id;\n";

const JOB: &str = "revision = \"cccc3333\"\nrevises = [\"bbbb2222\"]\nmessage = \"fill\"\n\
     [job]\ntable = \"rows\"\nset = { new = \"twice(old)\" }\n[batch]\nmin = 50\nmax = 50\n\
     [verify]\ntotals = [\"avg(new) = avg(old) * 2\"]\n[down]\nset = { new = \"NULL\" }\n";

/// A database with traps in this schema, which everybody's `search_path` begins with.
async fn trapped(schema: &str, path: &str) -> Project {
    let project = Project::new(Database::empty().await);
    let database = &project.database;
    database
        .execute(
            "CREATE TABLE rows (id int PRIMARY KEY, old int, new int);
             INSERT INTO rows SELECT i, i FROM generate_series(1, 3000) AS i;
             CREATE SCHEMA authors;
             CREATE FUNCTION authors.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2'",
        )
        .await;
    if schema != "public" {
        database.execute(&format!("CREATE SCHEMA {schema}")).await;
    }
    for trap in TRAPS {
        // What follows the name is what it takes.
        let statement = format!(
            "CREATE FUNCTION {schema}.{trap} RETURNS int LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'trapped by {trap}'; END $$"
        );
        database.execute(&statement.replace(".left(", ".\"left\"(")).await;
    }
    database.execute(&MORE_TRAPS.replace("S.", &format!("{schema}."))).await;
    database
        .execute(&format!(
            "DO $$ BEGIN EXECUTE pg_catalog.format('ALTER DATABASE %I SET search_path = {path}',
                                                   pg_catalog.current_database()::text); END $$"
        ))
        .await;
    project.write("1_made.sql", REVISION).write("2_index.sql", BY_STATEMENTS).write("3_fill.toml", JOB);
    project.write(
        "by_key.toml",
        "[job]\ntable = \"rows\"\nset = { new = \"twice(old) + 1\" }\n[batch]\norder = \"key\"\nstrides = 3\nmax = 100\n",
    );
    project
}

/// Every command that says something to the database.
async fn everything_works(project: &Project) {
    for command in [
        &["doctor"][..],
        &["upgrade"],
        &["status"],
        &["status", "3_fill"],
        &["verify", "3_fill"],
        &["plan", "by_key"],
        &["run", "by_key"],
        &["set", "--database", "workers=2"],
        &["log"],
        &["current"],
        &["history"],
        &["check"],
        &["worker", "--once"],
        &["upgrade", "--sql"],
        &["downgrade", "aaaa"],
        &["upgrade", "--detach"],
        &["worker", "--once"],
        &["stamp", "bbbb", "--force"],
        &["stamp", "heads"],
        &["downgrade", "base"],
        &["upgrade", "bbbb"],
    ] {
        let outcome = project.longhaul(command).await;
        assert!(!outcome.stderr.contains("trapped"), "{command:?}: {}", outcome.stderr);
        assert!(!outcome.stdout.contains("trapped"), "{command:?}: {}", outcome.stdout);
        outcome.succeeded();
    }
    let left: i64 =
        project.database.value("SELECT pg_catalog.count(*) FROM public.rows WHERE new IS NOT NULL").await;
    assert_eq!(left, 0, "the job was taken back last");
    let traps: i64 = project
        .database
        .value("SELECT pg_catalog.count(*) FROM longhaul.event WHERE message LIKE '%trapped%'")
        .await;
    assert_eq!(traps, 0);
}

#[tokio::test]
async fn functions_that_fit_better_than_postgresqls_are_not_taken() {
    let project = trapped("public", "public, authors").await;
    everything_works(&project).await;
}

#[tokio::test]
async fn a_schema_that_stands_before_postgresqls_changes_nothing() {
    let project = trapped("hostile", "hostile, pg_catalog, public, authors").await;
    everything_works(&project).await;
}

#[tokio::test]
async fn a_job_whose_columns_somebody_elses_operator_would_compare_is_refused() {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE rows (id int PRIMARY KEY, old varchar(10), new varchar(10));
             INSERT INTO rows SELECT i, i::text FROM generate_series(1, 100) AS i;
             CREATE FUNCTION always(varchar, varchar) RETURNS bool LANGUAGE sql AS 'SELECT true';
             CREATE OPERATOR public.= (leftarg = varchar, rightarg = varchar, function = always)",
        )
        .await;
    let job = "[job]\ntable = \"rows\"\nset = { new = \"old\" }\n";
    project.write("fill.toml", job);
    project
        .longhaul(&["run", "fill"])
        .await
        .ended_with(2)
        .says("`new` would be compared by the operator public.= (character varying, character varying) of admin")
        .says("hint: DROP OPERATOR public.= (character varying, character varying), or leave its schema out");
    project.write(
        "fill.toml",
        "[job]\ntable = \"rows\"\nset = { id2 = \"id\" }\n[verify]\ntotals = [\"max(new)::varchar = max(old)::varchar\"]\n",
    );
    project.database.execute("ALTER TABLE rows ADD id2 int").await;
    project
        .longhaul(&["run", "fill"])
        .await
        .ended_with(2)
        .says("[verify] totals: a total would be compared by");
    project.database.execute("DROP OPERATOR public.= (varchar, varchar)").await;
    project.write("fill.toml", job);
    project.longhaul(&["run", "fill"]).await.succeeded();
}
