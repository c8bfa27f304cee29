//! Each statement is run on the server, its locks, new files and scans are measured, and compared with what lint declares.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Database, Project};

const SCHEMA: &str = "
CREATE SCHEMA s;
CREATE FUNCTION s.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION s.dice() RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 4; END';
CREATE FUNCTION s.fixed() RETURNS int LANGUAGE sql STABLE AS 'SELECT 4';
CREATE TYPE s.kind AS ENUM ('a');
CREATE DOMAIN s.plain AS int;
CREATE DOMAIN s.positive AS int CHECK (VALUE > 0);
CREATE DOMAIN s.lazy AS int;
CREATE TABLE s.r (id int PRIMARY KEY, code text);
CREATE TABLE s.t (
    id int PRIMARY KEY, n int, m int CONSTRAINT m_known CHECK (m IS NOT NULL), k int CHECK (k > 0), v varchar(10), w text,
    a numeric(10,2), at timestamp, r_id int CONSTRAINT t_r REFERENCES s.r, u int, period int4range, p s.plain, l s.lazy
);
ALTER DOMAIN s.lazy ADD CONSTRAINT lazily CHECK (VALUE > 0) NOT VALID;
CREATE UNIQUE INDEX t_u ON s.t (u);
CREATE INDEX t_n ON s.t (n);
ALTER TABLE s.t ADD CONSTRAINT later CHECK (n > 0) NOT VALID;
ALTER TABLE s.t ADD CONSTRAINT later_r FOREIGN KEY (n) REFERENCES s.r NOT VALID;
CREATE TRIGGER known BEFORE UPDATE ON s.t FOR EACH ROW EXECUTE FUNCTION s.noop();
INSERT INTO s.r SELECT n FROM generate_series(1, 20) AS n;
INSERT INTO s.t SELECT n, n, n, n, 'v', 'w', n, now(), n, n FROM generate_series(1, 20) AS n;
CREATE TABLE s.p (id int NOT NULL, at date) PARTITION BY RANGE (id);
CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES FROM (0) TO (100);
CREATE TABLE s.spare (id int NOT NULL, at date);
CREATE TABLE s.checked (id int NOT NULL, at date, CHECK (id >= 200 AND id < 300));
CREATE TABLE s.q (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE s.q_rest PARTITION OF s.q DEFAULT;
INSERT INTO s.p SELECT n FROM generate_series(1, 20) AS n;
INSERT INTO s.spare SELECT n FROM generate_series(100, 120) AS n;
INSERT INTO s.checked SELECT n FROM generate_series(200, 220) AS n;
INSERT INTO s.q SELECT n FROM generate_series(1, 20) AS n;
CREATE TABLE s.ix (id int NOT NULL, at date) PARTITION BY RANGE (id);
CREATE INDEX ix_at ON s.ix (at);
CREATE TABLE s.bare (id int NOT NULL, at date, CHECK (id >= 0 AND id < 100));
CREATE TABLE s.ready (id int NOT NULL, at date, CHECK (id >= 100 AND id < 200));
CREATE INDEX ready_at ON s.ready (at);
INSERT INTO s.bare SELECT n FROM generate_series(1, 20) AS n;
INSERT INTO s.ready SELECT n FROM generate_series(100, 120) AS n;
CREATE TABLE s.old (id int);
CREATE MATERIALIZED VIEW s.mv AS SELECT id, n FROM s.t;
CREATE UNIQUE INDEX mv_id ON s.mv (id);
ANALYZE;
";

/// Each with the oldest version that knows it.
const STATEMENTS: &[(u32, &str)] = &[
    (14, "ALTER TABLE s.t ADD COLUMN c int"),
    (14, "ALTER TABLE s.t ADD COLUMN c int NOT NULL DEFAULT 7"),
    (14, "ALTER TABLE s.t ADD COLUMN c timestamptz DEFAULT now()"),
    (14, "ALTER TABLE s.t ADD COLUMN c timestamptz DEFAULT clock_timestamp()"),
    (14, "ALTER TABLE s.t ADD COLUMN c uuid DEFAULT gen_random_uuid()"),
    (14, "ALTER TABLE s.t ADD COLUMN c int DEFAULT s.dice()"),
    (14, "ALTER TABLE s.t ADD COLUMN c int DEFAULT s.fixed()"),
    (14, "ALTER TABLE s.t ADD COLUMN c bigserial"),
    (14, "ALTER TABLE s.t ADD COLUMN c int GENERATED ALWAYS AS IDENTITY"),
    (14, "ALTER TABLE s.t ADD COLUMN c int GENERATED ALWAYS AS (n + 1) STORED"),
    (18, "ALTER TABLE s.t ADD COLUMN c int GENERATED ALWAYS AS (n + 1) VIRTUAL"),
    (14, "ALTER TABLE s.t ADD COLUMN c int CHECK (c > 0)"),
    (14, "ALTER TABLE s.t ADD COLUMN c int DEFAULT 1 CHECK (c > 0)"),
    (14, "ALTER TABLE s.t ADD COLUMN c int UNIQUE"),
    (14, "ALTER TABLE s.t ADD COLUMN c int REFERENCES s.r"),
    (14, "ALTER TABLE s.t ADD COLUMN c int DEFAULT 1 REFERENCES s.r"),
    (14, "ALTER TABLE s.t ADD COLUMN c s.plain"),
    (14, "ALTER TABLE s.t ADD COLUMN c s.positive DEFAULT 1"),
    (14, "ALTER TABLE s.t ADD COLUMN IF NOT EXISTS n int DEFAULT s.dice()"),
    (14, "ALTER TABLE s.t DROP COLUMN w"),
    (14, "ALTER TABLE s.t DROP COLUMN r_id"),
    (14, "ALTER TABLE s.t RENAME COLUMN w TO x"),
    (14, "ALTER TABLE s.t RENAME TO renamed"),
    (14, "ALTER TABLE s.t ALTER COLUMN n SET DEFAULT 1"),
    (14, "ALTER TABLE s.t ALTER COLUMN n SET NOT NULL"),
    (14, "ALTER TABLE s.t ALTER COLUMN m SET NOT NULL"),
    (14, "ALTER TABLE s.t ALTER COLUMN m DROP NOT NULL"),
    (14, "ALTER TABLE s.t ALTER COLUMN v TYPE varchar(20)"),
    (14, "ALTER TABLE s.t ALTER COLUMN v TYPE text"),
    (14, "ALTER TABLE s.t ALTER COLUMN v TYPE varchar(5)"),
    (14, "ALTER TABLE s.t ALTER COLUMN w TYPE varchar"),
    (14, "ALTER TABLE s.t ALTER COLUMN w TYPE varchar(99)"),
    (14, "ALTER TABLE s.t ALTER COLUMN a TYPE numeric(12,2)"),
    (14, "ALTER TABLE s.t ALTER COLUMN a TYPE numeric(12,3)"),
    (14, "ALTER TABLE s.t ALTER COLUMN u TYPE bigint"),
    (14, "ALTER TABLE s.t ALTER COLUMN u TYPE bigint USING u::bigint"),
    (14, "ALTER TABLE s.t ALTER COLUMN u TYPE int USING u + 1"),
    (14, "ALTER TABLE s.t ALTER COLUMN r_id TYPE bigint"),
    (14, "ALTER TABLE s.t ALTER COLUMN at TYPE timestamptz"),
    (14, "ALTER TABLE s.r ALTER COLUMN id TYPE bigint"),
    (14, "ALTER TABLE s.r ALTER COLUMN code TYPE varchar"),
    (14, "ALTER TABLE s.t ADD CONSTRAINT c CHECK (n > 0)"),
    (14, "ALTER TABLE s.t ADD CONSTRAINT c CHECK (n > 0) NOT VALID"),
    (14, "ALTER TABLE s.t VALIDATE CONSTRAINT later"),
    (14, "ALTER TABLE s.t VALIDATE CONSTRAINT later_r"),
    (14, "ALTER TABLE s.t ADD CONSTRAINT c FOREIGN KEY (u) REFERENCES s.r"),
    (14, "ALTER TABLE s.t ADD CONSTRAINT c FOREIGN KEY (u) REFERENCES s.r NOT VALID"),
    (14, "ALTER TABLE s.t ADD CONSTRAINT c UNIQUE (n)"),
    (14, "ALTER TABLE s.spare ADD PRIMARY KEY (id)"),
    (14, "ALTER TABLE s.t ADD CONSTRAINT c UNIQUE USING INDEX t_u"),
    (14, "ALTER TABLE s.t ADD CONSTRAINT c EXCLUDE USING gist (period WITH &&)"),
    (18, "ALTER TABLE s.t ADD CONSTRAINT c NOT NULL n NOT VALID"),
    (18, "ALTER TABLE s.t ADD CONSTRAINT c NOT NULL n"),
    (14, "ALTER TABLE s.t DROP CONSTRAINT m_known"),
    (14, "ALTER TABLE s.t DROP CONSTRAINT t_r"),
    (14, "ALTER TABLE s.t ALTER COLUMN n SET STATISTICS 500"),
    (14, "ALTER TABLE s.t SET (fillfactor = 80)"),
    (14, "ALTER TABLE s.t ALTER COLUMN w SET STORAGE EXTERNAL"),
    (14, "ALTER TABLE s.old SET UNLOGGED"),
    (14, "ALTER TABLE s.t ENABLE ROW LEVEL SECURITY"),
    (14, "ALTER TABLE s.t DISABLE TRIGGER known"),
    (14, "CREATE TRIGGER c BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.noop()"),
    (14, "DROP TRIGGER known ON s.t"),
    (14, "CREATE POLICY c ON s.t USING (true)"),
    (14, "CREATE INDEX c ON s.t (w)"),
    (14, "DROP INDEX s.t_n"),
    (14, "REINDEX INDEX s.t_n"),
    (14, "REINDEX TABLE s.t"),
    (14, "CLUSTER s.r USING r_pkey"),
    (14, "TRUNCATE s.old"),
    (14, "TRUNCATE s.r CASCADE"),
    (14, "DROP TABLE s.old"),
    (14, "DROP TABLE s.r CASCADE"),
    (14, "CREATE TABLE s.c (id int REFERENCES s.r)"),
    (14, "CREATE TABLE s.c AS SELECT * FROM s.t"),
    (14, "CREATE TABLE s.c PARTITION OF s.p FOR VALUES FROM (500) TO (600)"),
    (14, "CREATE TABLE s.c PARTITION OF s.q FOR VALUES FROM (500) TO (600)"),
    (14, "ALTER TABLE s.p ATTACH PARTITION s.spare FOR VALUES FROM (100) TO (200)"),
    (14, "ALTER TABLE s.p ATTACH PARTITION s.checked FOR VALUES FROM (200) TO (300)"),
    (14, "ALTER TABLE s.ix ATTACH PARTITION s.bare FOR VALUES FROM (0) TO (100)"),
    (14, "ALTER TABLE s.ix ATTACH PARTITION s.ready FOR VALUES FROM (100) TO (200)"),
    (14, "ALTER TABLE s.p DETACH PARTITION s.p1"),
    (14, "ALTER TABLE s.p ADD COLUMN c int"),
    (14, "CREATE INDEX c ON s.p (at)"),
    (14, "CREATE INDEX c ON ONLY s.p (at)"),
    (14, "REFRESH MATERIALIZED VIEW s.mv"),
    (14, "REFRESH MATERIALIZED VIEW CONCURRENTLY s.mv"),
    (14, "ALTER DOMAIN s.plain ADD CONSTRAINT c CHECK (VALUE > 0)"),
    (14, "ALTER DOMAIN s.plain ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID"),
    (14, "ALTER DOMAIN s.lazy VALIDATE CONSTRAINT lazily"),
    (14, "ALTER TYPE s.kind ADD VALUE 'b'"),
    (14, "COMMENT ON TABLE s.t IS 'c'"),
    (14, "GRANT SELECT ON s.t TO PUBLIC"),
    (14, "LOCK TABLE s.t IN SHARE ROW EXCLUSIVE MODE"),
    (14, "UPDATE s.t SET n = 1"),
    (14, "DELETE FROM s.t WHERE id = 1"),
    (14, "INSERT INTO s.old SELECT n FROM s.t"),
    (14, "SET LOCAL search_path = s; ALTER TABLE t ADD COLUMN c int; CREATE INDEX c ON t (w)"),
];

/// Locks from SHARE on, new files, and whether the table was looked through: by table.
type Felt = BTreeMap<String, (String, bool)>;

const MEASURED: &str = "
SELECT before.name, upper(regexp_replace(replace(l.mode, 'Lock', ''), '(?<=[a-z])(?=[A-Z])', ' ', 'g')),
       coalesce(c.relfilenode <> before.file, false)
FROM pg_locks AS l
JOIN public.before ON before.oid = l.relation
LEFT JOIN pg_class AS c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'
  AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
ORDER BY array_position(ARRAY['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'], l.mode)";

async fn measured(database: &Database, sql: &str) -> (Felt, Vec<String>) {
    let client = database.connect().await;
    client.batch_execute("BEGIN").await.unwrap();
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let rows = client.query(MEASURED, &[]).await.unwrap();
    let felt = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    let scanned = "SELECT name FROM public.before WHERE pg_stat_get_xact_numscans(oid) > 0 ORDER BY 1";
    let scanned = client.query(scanned, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    client.batch_execute("ROLLBACK").await.unwrap();
    (felt, scanned)
}

fn declared(told: &Value) -> Felt {
    let tables = told["promises"][0]["tables"].as_array().unwrap().iter();
    let strong = tables.filter(|table| table["lock"] != "SHARE UPDATE EXCLUSIVE");
    strong
        .map(|table| {
            let lock = table["lock"].as_str().unwrap().to_owned();
            (table["table"].as_str().unwrap().to_owned(), (lock, table["rewritten"].as_bool().unwrap()))
        })
        .collect()
}

/// The tables that lint says are looked through.
fn looked_through(told: &Value) -> Vec<(String, bool)> {
    let statements = told["statements"].as_array().unwrap().iter();
    let locks = statements.flat_map(|statement| statement["locks"].as_array().unwrap());
    let mut all: BTreeMap<String, bool> = BTreeMap::new();
    for lock in locks {
        let works = matches!(lock["work"].as_str().unwrap(), "scan" | "look-up" | "build");
        *all.entry(lock["table"].as_str().unwrap().to_owned()).or_default() |= works;
    }
    all.into_iter().collect()
}

#[tokio::test]
async fn what_is_declared_is_what_a_server_does() {
    let database = Database::empty().await;
    database.execute(SCHEMA).await;
    database
        .execute(
            "DO $$ BEGIN
                 EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Europe/Berlin''', current_database());
             END $$;
             CREATE TABLE public.before AS
             SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relfilenode AS file
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE n.nspname = 's' AND c.relkind IN ('r', 'p', 'm')",
        )
        .await;
    let project = Project::new(database);
    let version: i32 =
        project.database.value("SELECT current_setting('server_version_num')::int / 10000").await;
    let known: Vec<_> =
        STATEMENTS.iter().filter(|(since, _)| i64::from(*since) <= i64::from(version)).collect();
    assert!(known.len() > 85, "only {}", known.len());
    let mut wrong = Vec::new();
    for (_, sql) in known {
        project.write("one.txt", sql);
        let outcome = project.longhaul(&["lint", "--json", "jobs/one.txt"]).await;
        let told: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
        let (felt, scanned) = measured(&project.database, sql).await;
        if declared(&told) != felt {
            wrong.push(format!("{sql}\n  declared {:?}\n  measured {felt:?}", declared(&told)));
        }
        for (table, works) in looked_through(&told) {
            let is_rewritten = felt.get(&table).is_some_and(|(_, is_replaced)| *is_replaced);
            // Rows are looked up in the other table as well; a partitioned one is looked through in its partitions.
            let looks_up = told["statements"].to_string().contains("look-up");
            let is_part = |scanned: &String| works && scanned.starts_with(&table);
            let is_scanned = scanned.contains(&table) || scanned.iter().any(is_part);
            let is_known = is_rewritten || felt.values().any(|(_, is_replaced)| *is_replaced) || looks_up;
            if works != is_scanned && !(is_scanned && is_known) {
                wrong.push(format!("{sql}\n  looks through {table}: declared {works}, measured {scanned:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
