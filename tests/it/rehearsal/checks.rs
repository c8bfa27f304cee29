//! Each check, made to speak on a real server.

use super::{SET, items, job, says, told};
use crate::support::Primary;

#[tokio::test]
async fn a_job_that_nothing_speaks_against_is_fine_and_its_batches_are_tried() {
    let project = items(20_000).await;
    let told = says(
        &project,
        0,
        &[
            ("key", "fine", "as the plans of those tried show"),
            ("batches", "fine", "rolled back"),
            ("triggers", "fine", "none"),
            ("rules", "fine", "none"),
            ("locks", "fine", "nobody"),
            ("undo", "note", "no `downgrade` goes past the job"),
        ],
    )
    .await;
    assert_eq!(told["ok"], true);
    assert!(told["trials"].as_array().unwrap().len() >= 4, "{told:#}");
    let rows = &told["forecast"]["rows"];
    assert_eq!((rows["low"].as_f64(), rows["high"].as_f64()), (Some(20_000.0), Some(20_000.0)));
    for range in ["time", "backfill", "sweep", "proof", "wal", "growth", "batches"] {
        let (low, high) = (&told["forecast"][range]["low"], &told["forecast"][range]["high"]);
        assert!(low.as_f64().unwrap() <= high.as_f64().unwrap(), "{range}: {told:#}");
    }
    for key in ["job", "table", "walk", "findings", "ends_at", "effects", "advice", "kept"] {
        assert!(told.get(key).is_some(), "{key} is not in {told:#}");
    }
    let text = project.longhaul(&["plan", "fill"]).await.succeeded().stdout;
    for part in ["Worth knowing", "Fine", "Tried and rolled back", "Forecast", "  rows          20,000 in "] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[tokio::test]
async fn a_rule_that_would_rewrite_batches_stops_the_job_before_any_is_tried() {
    let project = items(100).await;
    project.database.execute("CREATE RULE quiet AS ON UPDATE TO items DO ALSO NOTIFY changed").await;
    let told =
        says(&project, 3, &[("rules", "bad", "by quiet"), ("batches", "note", "something stops the job")])
            .await;
    assert!(told["trials"].as_array().unwrap().is_empty());
    // And it is true.
    project.longhaul(&["run", "fill"]).await.ended_with(1);
}

#[tokio::test]
async fn triggers_are_named_with_what_they_cost_and_those_that_cant_be_rolled_back_are_not_fired() {
    let project = items(2000).await;
    project
        .database
        .execute(
            "CREATE SEQUENCE numbers;
             CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM nextval('numbers'); PERFORM pg_sleep(0.001); RETURN NULL; END $$;
             CREATE TRIGGER \"Slow One\" AFTER UPDATE OF new ON items FOR EACH ROW EXECUTE FUNCTION slow();
             CREATE TRIGGER others AFTER UPDATE OF old ON items FOR EACH ROW EXECUTE FUNCTION slow();
             CREATE TRIGGER off AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow();
             ALTER TABLE items DISABLE TRIGGER off",
        )
        .await;
    let told = says(
        &project,
        0,
        &[
            ("triggers", "note", "\"Slow One\" takes numbers from a sequence"),
            ("triggers", "note", "% of the batches' time"),
        ],
    )
    .await;
    let costs = told["forecast"]["triggers"].as_array().unwrap();
    assert_eq!(costs.len(), 1, "{told:#}");
    assert!(costs[0]["per_row"].as_f64().unwrap() > 0.001, "{told:#}");
    assert!(told["advice"].to_string().contains("Slow One"));

    project
        .database
        .execute(
            "CREATE FUNCTION outside() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN IF false THEN PERFORM dblink_exec('', ''); END IF; RETURN NULL; END $$;
             CREATE TRIGGER outside AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION outside()",
        )
        .await;
    let told = says(&project, 0, &[("batches", "note", "the trigger outside may reach beyond")]).await;
    assert!(told["trials"].as_array().unwrap().is_empty() && told["forecast"].is_null());
    let wanted = project.longhaul(&["plan", "fill", "--batches", "2", "--json"]).await.succeeded();
    assert_eq!(super::told(&wanted)["trials"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn constraints_and_what_changes_along_are_told() {
    let project = items(100).await;
    project
        .database
        .execute(
            "ALTER TABLE items ADD CONSTRAINT small CHECK (old < 50) NOT VALID,
                 ADD sum int GENERATED ALWAYS AS (new + old) STORED, ADD UNIQUE (new);
             CREATE TABLE lines (item int CONSTRAINT lines_new REFERENCES items (new));
             CREATE TABLE targets (id int PRIMARY KEY);
             INSERT INTO targets SELECT generate_series(1, 1000);
             ALTER TABLE items ADD CONSTRAINT items_targets FOREIGN KEY (new) REFERENCES targets",
        )
        .await;
    says(
        &project,
        3,
        &[
            ("constraints", "note", "small was never proved"),
            ("constraints", "note", "items_new_key must stay unique"),
            ("constraints", "note", "looked up in public.targets (items_targets)"),
            ("constraints", "bad", "public.lines points at what is set (lines_new) without an index"),
            ("generated", "note", "sum is computed"),
            ("heap-only", "note", "items_new_key is on what is set"),
        ],
    )
    .await;
    project.database.execute("CREATE INDEX ON lines (item)").await;
    // Now batches are tried, and a row that violates the constraint is met.
    says(
        &project,
        3,
        &[
            ("constraints", "note", "still pointed at"),
            ("batches", "bad", "violates check constraint \"small\""),
        ],
    )
    .await;
    job(&project, &format!("{SET}\n\n[quarantine]\nmax = 100"));
    says(&project, 0, &[("batches", "note", "violates check constraint \"small\"")]).await;
}

#[tokio::test]
async fn a_published_table_without_identity_stops_the_job() {
    let primary = Primary::start(&[("wal_level", "logical")]).await;
    let project = super::Project::new(primary.database().await);
    project
        .database
        .execute(
            "CREATE TABLE items (id int NOT NULL, old int, new int); CREATE UNIQUE INDEX by_id ON items (id);
             INSERT INTO items SELECT i, i FROM generate_series(1, 100) AS i; ANALYZE items;
             CREATE PUBLICATION \"all of it\" FOR TABLE items",
        )
        .await;
    job(&project, SET);
    says(&project, 3, &[("publications", "bad", "\"all of it\" publishes updates")]).await;
    project.longhaul(&["run", "fill"]).await.ended_with(1);
    project.database.execute("ALTER TABLE items REPLICA IDENTITY USING INDEX by_id").await;
    says(&project, 0, &[("publications", "note", "sends each row that is changed on")]).await;
    project.database.execute("ALTER TABLE items REPLICA IDENTITY FULL").await;
    says(&project, 0, &[("publications", "note", "REPLICA IDENTITY FULL")]).await;
}

#[tokio::test]
async fn a_table_that_is_locked_stops_the_job_and_a_locked_row_is_told_with_who_has_it() {
    let project = items(1000).await;
    let holder = project.database.connect().await;
    holder.batch_execute("BEGIN; LOCK TABLE items IN SHARE MODE").await.unwrap();
    let told = says(&project, 3, &[("locks", "bad", "ShareLock by session ")]).await;
    assert!(told["trials"].as_array().unwrap().is_empty());
    holder.batch_execute("ROLLBACK; BEGIN; SELECT FROM items FOR UPDATE").await.unwrap();
    project.configure("lock_timeout = \"1s\"\n");
    says(&project, 0, &[("batches", "note", "waited 1.0 s for a lock in vain: session ")]).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    says(&project, 0, &[("batches", "fine", "went through")]).await;
}

#[tokio::test]
async fn storage_settings_hours_and_runs_are_told() {
    let project = items(1000).await;
    project
        .database
        .execute(
            "ALTER TABLE items SET (fillfactor = 70, autovacuum_enabled = off);
             UPDATE items SET old = old; UPDATE items SET old = old; ANALYZE items",
        )
        .await;
    job(
        &project,
        &format!(
            "{SET}\n\n[hours]\nopen = [\"Mon 03:00-03:01\"]\nzone = \"UTC\"\nblackout = [\"2020-01-01..2099-12-31\"]"
        ),
    );
    says(
        &project,
        3,
        &[
            ("vacuum", "note", "autovacuum is off"),
            ("hours", "bad", "closed for good"),
            ("storage", "note", "fillfactor 70"),
        ],
    )
    .await;
    job(&project, SET);
    project.longhaul(&["run", "fill"]).await.succeeded();
    let told = says(&project, 0, &[("run", "note", "signed off before")]).await;
    assert!(told["forecast"].is_null(), "no row is left to change: {told:#}");
    assert_eq!(told["trials"][0]["rows"].as_f64(), Some(0.0), "{told:#}");
}

#[tokio::test]
async fn what_cant_be_taken_back_is_told() {
    let project = items(1000).await;
    project.database.execute("UPDATE items SET new = 7 WHERE id <= 250; ANALYZE items").await;
    says(&project, 0, &[("undo", "note", "about 25 % of the rows hold other values in new now")]).await;
    job(&project, &format!("{SET}\n\n[down]\nset = {{ new = \"NULL\" }}"));
    says(&project, 0, &[("undo", "note", "but not its loss")]).await;
    job(&project, &format!("{SET}\nundo = \"preimage\""));
    let told = says(&project, 0, &[("undo", "fine", "old values are kept")]).await;
    assert!(told["forecast"]["preimages"]["low"].as_f64().unwrap() > 1000.0, "{told:#}");
    job(&project, "set = { new = \"old + 1\" }\nwhere = \"new IS NULL\"");
    says(&project, 0, &[("undo", "note", "no `downgrade`")]).await;
}

#[tokio::test]
async fn a_job_that_doesnt_fit_the_database_is_found_and_bad_input_is_an_error_as_everywhere() {
    let project = items(10).await;
    job(&project, "set = { new = \"olt * 2\" }");
    let text = project.longhaul(&["plan", "fill"]).await.ended_with(3).stdout;
    assert!(text.starts_with("This stops it\n") && text.contains("column \"olt\" does not exist"), "{text}");
    assert!(text.contains("| olt * 2\n"), "the place is shown: {text}");
    let json = told(&project.longhaul(&["plan", "fill", "--json"]).await.ended_with(3));
    assert_eq!((&json["ok"], &json["findings"][0]["level"]), (&false.into(), &"bad".into()));
    project.longhaul(&["plan", "nothing"]).await.ended_with(2);
    project.longhaul(&["plan", "fill", "--batches", "many"]).await.ended_with(2);
    job(&project, "set = 7");
    project.longhaul(&["plan", "fill"]).await.ended_with(2);
    let nobody = ["plan", "fill", "--database-url", "postgresql://me@127.0.0.1:1/nowhere"];
    job(&project, SET);
    project.longhaul(&nobody).await.ended_with(1);
}
