//! A table of many pages with a job on it, walked in windows. Each row counts how often the program has changed it.

use tokio_postgres::Client;

use super::{Database, JobKind, Project};

/// Small windows of three strides, small batches.
pub(crate) const SMALL_WINDOWS: &str = "min = 20\nmax = 20\nstrides = 3\nwindow = \"64kB\"";

/// A database with `pages`, and the job `fill` on it.
pub(crate) struct Pages {
    pub(crate) project: Project,
    pub(crate) kind: JobKind,
}

impl Pages {
    /// `rows` rows, with so many bytes each beside their columns.
    pub(crate) async fn new(rows: i32, width: i32, kind: JobKind) -> Self {
        Self::on(Database::empty().await, rows, width, kind).await
    }

    /// The same in this database.
    pub(crate) async fn on(database: Database, rows: i32, width: i32, kind: JobKind) -> Self {
        let project = Project::new(database);
        project
            .database
            .execute(&format!(
                "CREATE TABLE pages (id int PRIMARY KEY, old int, new int, visits int NOT NULL DEFAULT 0,
                                     changes int NOT NULL DEFAULT 0, pad text NOT NULL)
                 WITH (parallel_workers = 0);
                 INSERT INTO pages (id, old, pad) SELECT i, CASE WHEN i % 11 <> 0 THEN i END, repeat('x', {width})
                 FROM generate_series(1, {rows}) AS i;
                 CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END';
                 CREATE TRIGGER count_changes BEFORE UPDATE ON pages FOR EACH ROW
                 WHEN (current_setting('application_name') LIKE 'longhaul%') EXECUTE FUNCTION count_changes();
                 ANALYZE pages"
            ))
            .await;
        Self { project, kind }
    }

    /// Writes the job, with these lines for `[batch]`. The counting one changes whatever row it meets, as in
    /// [`super::Items`]: only the engine's bookkeeping keeps a row from a second visit. (Workers of a parallel query don't know that the
    /// proof only reads.)
    pub(crate) fn write_job(&self, batch: &str) -> &Self {
        let what = match self.kind {
            JobKind::Sweeping => "set = { new = \"old * 2\" }",
            JobKind::Counting => {
                "set = { visits = \"visits + 1\" }\n\
                 where = \"public.pages.id > 0 AND current_setting('transaction_read_only') = 'off'\""
            }
        };
        self.project.write("fill.toml", &format!("[job]\ntable = \"pages\"\n{what}\n\n[batch]\n{batch}\n"));
        self
    }

    pub(crate) fn database(&self) -> &Database {
        &self.project.database
    }

    /// As before the first run, with the rows where they are.
    pub(crate) async fn reset(&self) {
        self.database().execute("DROP SCHEMA IF EXISTS longhaul CASCADE").await;
        self.undo().await;
    }

    /// Makes every row one that is still to be changed for the first time.
    pub(crate) async fn undo(&self) {
        self.database().execute("UPDATE pages SET new = NULL, visits = 0, changes = 0").await;
    }

    /// A session that holds the lock of a row, until it is dropped or told otherwise. A batch that waits for it has the time
    /// that a slow machine takes for everything else.
    pub(crate) async fn holding(&self, id: i32) -> Client {
        self.project.have_patience();
        let holder = self.database().connect().await;
        holder.batch_execute(&format!("BEGIN; SELECT FROM pages WHERE id = {id} FOR UPDATE")).await.unwrap();
        holder
    }

    /// Waits until at least so many sessions of workers wait for a row.
    pub(crate) async fn workers_are_blocked(&self, number: i32) {
        let blocked = format!(
            "{number} <= count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND application_name = 'longhaul batches' AND wait_event IN ('transactionid', 'tuple')"
        );
        self.database().until(&blocked).await;
    }

    /// Waits until no session of the program's is left: what it sent before it died may still be at work.
    pub(crate) async fn sessions_are_gone(&self) {
        self.database().sessions_are_gone().await;
    }

    /// Fails unless the books say what the rows say: as many changes, and none ahead of or behind the stored positions.
    pub(crate) async fn assert_rows_fit_the_positions(&self, when: &str) {
        self.sessions_are_gone().await;
        let database = self.database();
        if !database.value::<bool>("SELECT to_regclass('longhaul.range') IS NOT NULL").await {
            assert_eq!(database.value::<i64>("SELECT sum(changes) FROM pages").await, 0, "{when}");
            return;
        }
        let books: i64 =
            database.value("SELECT coalesce(sum(rows_changed), 0)::int8 FROM longhaul.range").await;
        let changes: i64 = database.value("SELECT sum(changes) FROM pages").await;
        assert_eq!(books, changes, "{when}: rows changed by the books, and in the table");
        let twice: i64 = database.value("SELECT count(*) FROM pages WHERE changes > 1").await;
        assert_eq!(twice, 0, "{when}: rows changed twice");
        // Where a window ends early or the job counts, each row's state follows from its range's position.
        let wrong: i64 = match self.kind {
            JobKind::Counting => database.value(KEYS_THAT_DISAGREE).await,
            JobKind::Sweeping => database.value(ROWS_LEFT_BEHIND).await,
        };
        assert_eq!(wrong, 0, "{when}: rows that the position says otherwise of");
    }

    /// Fails unless the run is done, each row that needed it was changed once, and no other.
    pub(crate) async fn assert_each_row_done_once(&self, when: &str) {
        self.assert_rows_fit_the_positions(when).await;
        let database = self.database();
        let wrong = match self.kind {
            JobKind::Sweeping => "new IS DISTINCT FROM old * 2 OR changes <> (old IS NOT NULL)::int",
            JobKind::Counting => "visits <> 1 OR changes <> 1",
        };
        let wrong: i64 = database.value(&format!("SELECT count(*) FROM pages WHERE {wrong}")).await;
        assert_eq!(wrong, 0, "{when}: rows not changed exactly once");
        assert_eq!(self.state().await, "done", "{when}");
        let open: i64 = database.value("SELECT count(*) FROM longhaul.range WHERE NOT finished").await;
        assert_eq!(open, 0, "{when}: open ranges");
        let workers: i64 = database.value("SELECT count(*) FROM longhaul.worker").await;
        assert_eq!(workers, 0, "{when}: registrations left");
        self.assert_ranges_partition(when).await;
    }

    /// Fails unless the ranges of each pass lie end to end. Returns how many the backfill had.
    pub(crate) async fn assert_ranges_partition(&self, when: &str) -> usize {
        let ranges = "SELECT pass, walk_order, lower_key[1]::int8, upper_key[1]::int8 FROM longhaul.range
                      ORDER BY pass, upper_key[1]::int8";
        let rows = self.database().client.query(ranges, &[]).await.unwrap();
        let (mut pass, mut end, mut backfill) = (-1, None, 0);
        for row in rows {
            let (of, order): (i32, String) = (row.get(0), row.get(1));
            let (lower, upper): (Option<i64>, i64) = (row.get(2), row.get(3));
            if of != pass {
                (pass, end) = (of, (order == "physical").then_some(0));
            }
            assert_eq!(lower, end, "{when}: a range of pass {pass} begins where the one before ends");
            assert!(lower.is_none_or(|lower| lower < upper), "{when}: an empty range of pass {pass}");
            end = Some(upper);
            backfill += usize::from(pass == 0);
        }
        backfill
    }

    /// The latest run's state.
    pub(crate) async fn state(&self) -> String {
        self.database().value("SELECT state FROM longhaul.run ORDER BY id DESC LIMIT 1").await
    }
}

/// By key: rows that were visited and shouldn't have been, or the other way round.
const KEYS_THAT_DISAGREE: &str = "
    SELECT count(*)
    FROM longhaul.range AS r
    JOIN pages AS p ON p.id > coalesce(r.lower_key[1]::int, 0) AND p.id <= r.upper_key[1]::int
    WHERE p.visits <> CASE WHEN p.id <= r.checkpoint[1]::int THEN 1
                           WHEN p.id <= r.window_upper[1]::int AND p.id % r.strides < r.stride THEN 1
                           WHEN p.id <= r.stride_checkpoint[1]::int AND p.id % r.strides = r.stride THEN 1
                           ELSE 0 END";

/// In either order: rows that are still to do where the backfill or the sweep at work has been. (Nobody else writes.) How
/// far a stride goes on each page isn't stored, but its first row is in the first.
const ROWS_LEFT_BEHIND: &str = "
    SELECT count(*)
    FROM longhaul.range AS r
    JOIN (SELECT id, new IS DISTINCT FROM old * 2 AS is_left, (ctid::text::point)[0]::int AS block,
                 (ctid::text::point)[1]::int AS line FROM pages) AS p ON p.is_left
    WHERE r.pass = (SELECT max(pass) FROM longhaul.range)
      AND CASE WHEN r.walk_order = 'key' THEN p.id <= r.checkpoint[1]::int AND p.id > coalesce(r.lower_key[1]::int, 0)
               ELSE p.block >= (coalesce(r.checkpoint, r.lower_key))[1]::int AND p.line = 1
                    AND (p.block < r.window_upper[1]::int AND r.stride > 0 OR p.block < r.stride_checkpoint[1]::int)
                    OR p.block >= r.lower_key[1]::int AND p.block < r.checkpoint[1]::int END";
