//! A small table with a job on it, in batches of ten, and an audit of every change of a row.

use tokio_postgres::Client;

use super::{Database, Project};

/// What the job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobKind {
    /// Converges, and is swept until nothing is found: backfill, sweep, proof.
    Sweeping,
    /// `visits = visits + 1` on whatever row it meets. Its `where` keeps no row from being done twice: while anything
    /// may be written it holds for all of them, and in the proof, which only reads, for none. So nothing but the
    /// engine's own bookkeeping stands between a row and a second visit.
    Counting,
}

const COUNT: &str = "set = { visits = \"visits + 1\" }\n\
     where = \"public.items.old > 0 AND current_setting('transaction_read_only') = 'off'\"";

/// A database with `items`, and the job `fill` on it.
pub(crate) struct Items {
    pub(crate) project: Project,
    pub(crate) rows: i32,
    pub(crate) kind: JobKind,
}

impl Items {
    pub(crate) async fn new(rows: i32, kind: JobKind) -> Self {
        Self::on(Database::empty().await, rows, kind).await
    }

    /// The same in that database.
    pub(crate) async fn on(database: Database, rows: i32, kind: JobKind) -> Self {
        let items = Self { project: Project::new(database), rows, kind };
        items
            .database()
            .execute(&format!(
                "CREATE TABLE items (id int PRIMARY KEY, old int NOT NULL, new int, visits int NOT NULL DEFAULT 0);
                 INSERT INTO items (id, old) SELECT i, i FROM generate_series(1, {rows}) AS i;
                 CREATE TABLE audit (id int, application text);
                 CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN INSERT INTO audit VALUES (NEW.id, current_setting('application_name')); RETURN NULL; END $$;
                 CREATE TRIGGER audit AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION audit();
                 CREATE SEQUENCE attempts;
                 ANALYZE items"
            ))
            .await;
        items.write_job(match kind {
            JobKind::Sweeping => "set = { new = \"old * 2\" }",
            JobKind::Counting => COUNT,
        });
        items
    }

    /// Writes the job, with this as what it does.
    pub(crate) fn write_job(&self, what: &str) {
        self.write(what, "min = 10\nmax = 10");
    }

    /// Writes the counting job with batches of its own size, which are to take this long.
    pub(crate) fn write_slow_job(&self, target: &str) {
        self.write(COUNT, &format!("target = \"{target}\""));
    }

    /// Writes the counting job with batches of ten that may take minutes.
    pub(crate) fn write_patient_job(&self) {
        self.write(COUNT, "min = 10\nmax = 10\ntarget = \"60s\"");
    }

    fn write(&self, what: &str, batch: &str) {
        let text = format!("[job]\ntable = \"items\"\n{what}\n\n[batch]\n{batch}\n");
        self.project.write("fill.toml", &text);
    }

    pub(crate) fn database(&self) -> &Database {
        &self.project.database
    }

    /// As before the first run.
    pub(crate) async fn reset(&self) {
        self.database()
            .execute(
                "DROP SCHEMA IF EXISTS longhaul CASCADE; TRUNCATE audit; SET session_replication_role = replica;
                 UPDATE items SET new = NULL, visits = 0; RESET session_replication_role",
            )
            .await;
    }

    /// A session that holds the lock of a row, until it is dropped or told otherwise. A batch that waits for it has the time
    /// that a slow machine takes for everything else.
    pub(crate) async fn holding(&self, id: i32) -> Client {
        self.project.have_patience();
        let holder = self.database().connect().await;
        holder.batch_execute(&format!("BEGIN; SELECT FROM items WHERE id = {id} FOR UPDATE")).await.unwrap();
        holder
    }

    /// Writes a sweeping job whose proof waits at the first row, as long as the session that is returned lives; nothing else
    /// of it waits.
    pub(crate) async fn holding_the_proof(&self) -> Client {
        let holder = self.database().connect().await;
        holder.batch_execute("SELECT pg_advisory_lock(7)").await.unwrap();
        self.database()
            .execute(
                "CREATE FUNCTION wait_in_proof() RETURNS bool LANGUAGE plpgsql STABLE AS $$
                 DECLARE proves bool := false;
                 BEGIN
                     IF to_regclass('longhaul.run') IS NOT NULL THEN
                         SELECT state = 'proving' INTO proves FROM longhaul.run ORDER BY id DESC LIMIT 1;
                     END IF;
                     IF proves THEN PERFORM pg_advisory_xact_lock_shared(7); END IF;
                     RETURN true;
                 END $$",
            )
            .await;
        // Nothing stands before the wait that could spare it.
        self.write_job(
            "set = { new = \"old * 2\" }\n\
             where = \"CASE WHEN public.wait_in_proof() THEN new IS DISTINCT FROM old * 2 END\"",
        );
        holder
    }

    /// Lets the sequence `attempts` count how often this row was to be changed; no rollback takes that back.
    pub(crate) async fn count_attempts_at(&self, id: i32) {
        self.database()
            .execute(&format!(
                "CREATE FUNCTION attempt() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN PERFORM nextval('attempts'); RETURN NEW; END $$;
                 CREATE TRIGGER attempt BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id = {id})
                 EXECUTE FUNCTION attempt()"
            ))
            .await;
    }

    /// Waits until a batch waits for a lock.
    pub(crate) async fn batch_is_blocked(&self) {
        self.until(
            "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                     AND application_name = 'longhaul batches' AND wait_event_type = 'Lock')",
        )
        .await;
    }

    /// Waits until no session of the program's is left: what it sent before it died may still be at work.
    pub(crate) async fn sessions_are_gone(&self) {
        self.database().sessions_are_gone().await;
    }

    /// Waits until `condition`, in SQL, holds. One that can't be read yet doesn't.
    pub(crate) async fn until(&self, condition: &str) {
        self.database().until(condition).await;
    }

    /// Waits until this many keys were passed, over all passes.
    pub(crate) async fn passed(&self, keys: i32) {
        self.until(&format!("coalesce(sum(rows_seen), 0) >= {keys} FROM longhaul.range")).await;
    }

    /// How far the backfill has come.
    pub(crate) async fn checkpoint(&self) -> i32 {
        let known: bool = self.database().value("SELECT to_regclass('longhaul.range') IS NOT NULL").await;
        if !known {
            return 0;
        }
        self.database()
            .value("SELECT coalesce((SELECT checkpoint[1]::int FROM longhaul.range WHERE pass = 0), 0)")
            .await
    }

    /// Fails unless the rows up to the checkpoint were changed once, and no other at all. Returns the checkpoint.
    pub(crate) async fn assert_rows_fit_the_checkpoint(&self, when: &str) -> i32 {
        self.sessions_are_gone().await;
        let checkpoint = self.checkpoint().await;
        let changed: Vec<i32> =
            self.database().value("SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM audit").await;
        assert_eq!(changed, (1..=checkpoint).collect::<Vec<_>>(), "{when}");
        if checkpoint > 0 {
            let seen: i64 =
                self.database().value("SELECT rows_seen FROM longhaul.range WHERE pass = 0").await;
            assert_eq!(seen, i64::from(checkpoint), "{when}: rows_seen");
        }
        checkpoint
    }

    /// Fails unless the run is done, each row was changed once, and the books say so.
    pub(crate) async fn assert_each_row_done_once(&self, when: &str) {
        let checkpoint = self.assert_rows_fit_the_checkpoint(when).await;
        assert_eq!(checkpoint, self.rows, "{when}");
        let values = match self.kind {
            JobKind::Sweeping => "new IS DISTINCT FROM old * 2",
            JobKind::Counting => "visits <> 1",
        };
        let wrong: i64 = self.database().value(&format!("SELECT count(*) FROM items WHERE {values}")).await;
        assert_eq!(wrong, 0, "{when}: rows with a wrong value");
        assert_eq!(self.state().await, "done", "{when}");
        let open: i64 = self.database().value("SELECT count(*) FROM longhaul.range WHERE NOT finished").await;
        assert_eq!(open, 0, "{when}: open ranges");
        let passes: Vec<i64> =
            self.database().value("SELECT array_agg(rows_seen ORDER BY pass, id) FROM longhaul.range").await;
        let expected = if self.kind == JobKind::Sweeping { 2 } else { 1 };
        assert_eq!(passes, vec![i64::from(self.rows); expected], "{when}: rows_seen of each pass");
        let overlaps: i64 = self
            .database()
            .value(
                "SELECT count(*) FROM (SELECT lower_key, lag(upper_key) OVER (PARTITION BY range_id ORDER BY id)
                 AS before FROM longhaul.batch) AS b WHERE lower_key IS DISTINCT FROM before",
            )
            .await;
        assert_eq!(overlaps, 0, "{when}: batches that don't begin where the one before ended");
        let workers: i64 = self.database().value("SELECT count(*) FROM longhaul.worker").await;
        assert_eq!(workers, 0, "{when}: registrations left");
    }

    /// The latest run's state.
    pub(crate) async fn state(&self) -> String {
        self.database().value("SELECT state FROM longhaul.run ORDER BY id DESC LIMIT 1").await
    }
}
