//! Rows that can't take their new values: found one by one, put aside, and the rest goes on.

mod bounds;
mod commands;
mod crash;
mod kinds;

pub(crate) use crash::MATRIX;

use crate::support::{Database, Project};

/// Amounts as text, of which every 40th is no number, and a job that makes numbers of them.
pub(crate) struct Amounts {
    pub(crate) project: Project,
    pub(crate) rows: i64,
    pub(crate) bad: i64,
}

impl Amounts {
    /// `max` is what `[quarantine]` says.
    pub(crate) async fn new(rows: i64, max: &str) -> Self {
        let project = Project::new(Database::empty().await);
        project
            .database
            .execute(&format!(
                "CREATE TABLE pay (id int PRIMARY KEY, written text NOT NULL, amount numeric, changes int NOT NULL DEFAULT 0);
                 INSERT INTO pay SELECT i, CASE WHEN i % 40 = 0 THEN 'n/a' ELSE i::text END FROM generate_series(1, {rows}) AS i;
                 CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END';
                 CREATE TRIGGER count_changes BEFORE UPDATE ON pay FOR EACH ROW
                 WHEN (current_setting('application_name') LIKE 'longhaul%') EXECUTE FUNCTION count_changes();
                 ANALYZE pay"
            ))
            .await;
        let amounts = Self { project, rows, bad: rows / 40 };
        amounts.write_job(max);
        amounts
    }

    pub(crate) fn write_job(&self, max: &str) {
        let quarantine = if max.is_empty() { String::new() } else { format!("[quarantine]\nmax = {max}\n") };
        let job = "[job]\ntable = \"pay\"\nset = { amount = \"written::numeric\" }\nwhere = \"amount IS NULL\"\n\
                   [batch]\nmin = 50\nmax = 50\n";
        let verify = "[verify]\ntotals = [\"count(amount) = count(*)\"]\n";
        self.project.write("fill.toml", &format!("{job}{quarantine}{verify}"));
    }

    pub(crate) async fn count(&self, what: &str) -> i64 {
        self.project.database.value(&format!("SELECT count(*) {what}")).await
    }

    /// Fails unless each row but the bad ones was changed once, and these are in quarantine.
    pub(crate) async fn assert_all_but_the_bad_are_done_once(&self, when: &str) {
        assert_eq!(
            self.count("FROM pay WHERE changes = 1 AND amount = id").await,
            self.rows - self.bad,
            "{when}"
        );
        assert_eq!(self.count("FROM pay WHERE changes = 0 AND amount IS NULL").await, self.bad, "{when}");
        let held = "FROM longhaul.quarantine AS q JOIN pay ON q.key_value = ARRAY[pay.id::text] \
                    WHERE pay.written = 'n/a' AND q.state = 'held' AND q.sqlstate = '22P02'";
        assert_eq!(self.count(held).await, self.bad, "{when}");
        assert_eq!(self.count("FROM longhaul.quarantine").await, self.bad, "{when}");
        let books = "SELECT coalesce(sum(rows_changed), 0)::int8 FROM longhaul.range";
        assert_eq!(self.project.database.value::<i64>(books).await, self.rows - self.bad, "{when}");
    }

    pub(crate) async fn state(&self) -> String {
        self.project.database.value("SELECT state FROM longhaul.run ORDER BY id DESC LIMIT 1").await
    }
}
