//! The server's disk gets full in the middle of a run.

#![expect(clippy::print_stderr, reason = "says which of the two ways this machine could take")]

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use super::said;
use crate::support::{Database, Project};

const ROWS: i64 = 10_000;

const JOB: &str = "[job]\ntable = \"wide\"\nset = { amount = \"amount + 1\", done = \"true\" }\nwhere = \"NOT done\"\n\
                   [batch]\nmin = 200\nmax = 200\nstrides = 1\n[verify]\ntotals = [\"sum(amount) = count(*)\"]\n";

/// Each change of a row leaves a line, kept or rolled back together with it.
const TABLES: &str = "
    CREATE TABLE changes (id bigint);
    CREATE TABLE wide (
        id     bigint PRIMARY KEY,
        amount bigint NOT NULL DEFAULT 0,
        done   boolean NOT NULL DEFAULT false,
        pad    text NOT NULL DEFAULT repeat('x', 900)
    ) WITH (autovacuum_enabled = off) {tablespace};
    ALTER TABLE wide ALTER pad SET STORAGE PLAIN;
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO changes VALUES (new.id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER UPDATE ON wide FOR EACH ROW EXECUTE FUNCTION note();
    INSERT INTO wide (id) SELECT generate_series(1, {rows})";

/// A small disk of the server's own, for as long as this lives.
struct SmallDisk {
    directory: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where this process may not mount.
    fn mount(owner: (u32, u32)) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let options = format!("size=15m,mode=700,uid={},gid={}", owner.0, owner.1);
        mount(&options, directory.path()).then_some(Self { directory })
    }

    fn grow(&self) {
        assert!(mount("remount,size=100m", self.directory.path()), "what could be mounted can be remounted");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.directory.path()).status();
    }
}

fn mount(options: &str, path: &Path) -> bool {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path);
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs the job into the full disk, and again when `make_room` is through.
async fn run_through_a_full_disk(project: &Project, make_room: impl AsyncFnOnce()) -> String {
    project.write("raise.toml", JOB);
    let outcome = project.longhaul(&["run", "raise", "-q", "--workers", "1"]).await.ended_with(4);
    let database = &project.database;
    let done: i64 = database.value("SELECT count(*) FROM wide WHERE done").await;
    assert!(done > 0 && done < ROWS, "{done} rows were done when the disk was full");
    let row = database.row("SELECT state, reason FROM longhaul.run", &[]).await;
    let (state, reason): (&str, &str) = (row.get(0), row.get(1));
    assert_eq!(state, "paused");
    assert!(reason.contains("No space left on device"), "{reason}");

    make_room().await;
    project.longhaul(&["resume", "raise"]).await.succeeded();
    let goes_on = format!("{} rows were changed before", longhaul::model::human_count(done.unsigned_abs()));
    project.longhaul(&["run", "raise"]).await.succeeded().says(&goes_on);
    let counts = "SELECT count(*), count(DISTINCT id) FROM changes";
    let row = database.row(counts, &[]).await;
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (ROWS, ROWS), "each row exactly once");
    said(project, &outcome)
}

#[tokio::test]
async fn a_full_disk_is_named_and_the_run_goes_on_when_there_is_room() {
    let database = Database::empty().await;
    let directory: String = database.value("SELECT current_setting('data_directory')").await;
    let owner = std::fs::metadata(directory).unwrap();
    let Some(disk) = SmallDisk::mount((owner.uid(), owner.gid())) else {
        eprintln!("disk full: this process may not mount; the error is raised by a trigger");
        return;
    };
    eprintln!("disk full: on a tmpfs of 15 MB");
    let path = disk.directory.path().display();
    database.execute(&format!("CREATE TABLESPACE small LOCATION '{path}'")).await;
    let tables = TABLES.replace("{tablespace}", "TABLESPACE small").replace("{rows}", &ROWS.to_string());
    database.execute(&tables).await;
    let project = Project::new(database);
    let text = run_through_a_full_disk(&project, async || disk.grow()).await;
    project.database.execute("DROP TABLE wide").await;
    project.database.execute("DROP TABLESPACE small").await;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("error: run 1 of raise has paused by itself: the batch after "), "{text}");
    assert!(lines[0].ends_with("No space left on device"), "{text}");
    assert_snapshot!(lines[1..].join("\n"), @"hint: mend the cause, then `longhaul resume raise` and run it again");
}

#[tokio::test]
async fn an_error_of_the_class_of_a_full_disk_is_told_alike() {
    let database = Database::empty().await;
    database.execute(&TABLES.replace("{tablespace}", "").replace("{rows}", &ROWS.to_string())).await;
    database
        .execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = '53100';
            END $$;
            CREATE TRIGGER full_disk BEFORE UPDATE ON wide FOR EACH ROW WHEN (old.id = 5000)
            EXECUTE FUNCTION full_disk()",
        )
        .await;
    let project = Project::new(database);
    let make_room = async || project.database.execute("DROP TRIGGER full_disk ON wide").await;
    let text = run_through_a_full_disk(&project, make_room).await;
    assert_snapshot!(text, @r#"
    error: run 1 of raise has paused by itself: the batch after 4800 up to 5000 failed, and nothing of it was kept: could not extend file "base/1/2": No space left on device
    hint: mend the cause, then `longhaul resume raise` and run it again
    "#);
}
