//! What the pages show of a database, and what they send when it changes.

use super::Served;
use crate::support::{Database, Items, JobKind, Project};

#[tokio::test]
async fn a_run_that_is_done_shows_its_proof() {
    let project = Project::example(Database::payroll().await);
    project.longhaul(&["run", "backfill_gross_amount"]).await.succeeded();
    let page = Served::of(&project).await;
    let overview = page.http.get("/").is(200).says("backfill_gross_amount").says("done");
    overview.says("href=\"/runs/1\"").says("3 revisions are applied, 1 pending");
    let run =
        page.http.get("/runs/1").is(200).says("Sign-off").says("sum(gross_amount)").says("groups, 0 of them");
    run.says("Rows a second").says("Ranges of ").says("Latest batches").hides("<form");
    page.http.get("/runs/1/batches").is(200).says("took");
    let revision =
        page.http.get("/revisions/5c1d7e88a0f4").is(200).says("backfill gross_amount from gross_pay");
    revision.says("applied").says("href=\"/runs/1\"").says("href=\"/revisions/3f9a0c1b7d52\"");
    page.http.get("/history").is(200).says("the database is here").says("pending");
    page.http.get("/events").is(200).says("run 1 of backfill_gross_amount was signed off");
    page.http
        .get("/events?kind=revision")
        .is(200)
        .hides("was signed off")
        .says("revision 5c1d7e88a0f4 was applied");
    page.http.get("/events?run=1&kind=run").is(200).says("was signed off").hides("revision.applied");
    page.http.get("/runs/2").is(404).says("There is no run 2");
    page.http.get("/revisions/none").is(404).says("There is no revision `none`");
    page.http.get("/elsewhere").is(404).says("There is no page at /elsewhere");
}

#[tokio::test]
async fn rows_in_quarantine_are_named_and_what_is_in_them_stays_in_the_database() {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE pay (id int PRIMARY KEY, amount text, cents int, note text DEFAULT 'for her eyes only');
             INSERT INTO pay (id, amount) SELECT i, CASE WHEN i % 2 = 0 THEN '<b>x</b>' ELSE '7' END
             FROM generate_series(1, 240) AS i",
        )
        .await;
    let job = "[job]\ntable = \"pay\"\nset = { cents = \"amount::int\" }\n[quarantine]\nmax = 200\n";
    project.write("cents.toml", job);
    project.longhaul(&["run", "cents"]).await.ended_with(5);
    let page = Served::of(&project).await;
    page.http.get("/runs/1").is(200).says("120 rows").says("href=\"/runs/1/quarantine\"").says("quarantined");
    let first = page.http.get("/runs/1/quarantine").is(200).says("120 held, 0 dropped").says("22P02");
    let first = first.says("&lt;b&gt;x&lt;/b&gt;").hides("<b>x</b>").hides("her eyes only");
    assert_eq!(first.body.matches("<tr id=").count(), 100);
    let next =
        first.body.split("href=\"").find(|link| link.starts_with("/runs/1/quarantine?after=")).unwrap();
    let next = next.split('"').next().unwrap();
    assert_eq!(page.http.get(next).is(200).says("The first").body.matches("<tr id=").count(), 20);
}

#[tokio::test]
async fn what_changes_is_sent_to_whoever_looks() {
    let items = Items::new(50, JobKind::Counting).await;
    let page = Served::of(&items.project).await;
    let mut overview = page.http.follow("/");
    overview.hear("longhaul has stored nothing");
    items.database().execute("ALTER TABLE items ADD CHECK (id <> 30 OR visits = 0)").await;
    items.project.longhaul(&["run", "fill"]).await.ended_with(1);
    // The page that was opened before anything was there has all of it now.
    overview.hear("can't take its new value");
    let mut run = page.http.follow("/runs/1");
    run.hear("event: title\ndata: failed · run 1 · fill · longhaul");
    run.forget();
    items.project.longhaul(&["pause", "fill", "--why", "<i>payroll</i>"]).await.succeeded();
    let heard = run.hear("&lt;i&gt;payroll");
    assert!(
        !heard.contains("\\\"id\\\":\\\"charts") && !heard.contains("\"id\":\"charts\""),
        "only what changed: {heard}"
    );
    run.hear("data: paused · run 1");
    let mut missing = page.http.follow("/runs/7");
    missing.hear("There is no run 7");
}

#[tokio::test]
async fn many_who_look_cost_one_connection_and_nobody_costs_none() {
    let items = Items::new(50, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let page = Served::of(&items.project).await;
    let mut open: Vec<_> =
        ["/", "/", "/runs/1", "/history", "/events"].map(|path| page.http.follow(path)).into();
    for events in &mut open {
        events.hear("event: beat");
        events.forget();
        // One more pulse.
        events.hear("event: beat");
    }
    let sessions: i64 = items
        .database()
        .value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'longhaul%'")
        .await;
    assert_eq!(sessions, 1);
    drop(open);
    items.database().sessions_are_gone().await;
    page.http.get("/").is(200).says("fill");
}

#[tokio::test]
async fn a_worker_serves_it_beside_its_work() {
    let items = Items::new(50, JobKind::Sweeping).await;
    let holder = items.holding(25).await;
    let run = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    run.kill().await;
    let worker = items.project.spawn(&["worker", "--serve", "127.0.0.1:0"]);
    let page = Served::heard(worker).await;
    let number = page.process.id();
    items.until(&format!("EXISTS (SELECT FROM longhaul.worker WHERE process_id = {number})")).await;
    // As long as the dead one counts as alive, it is for that one to reach the pause.
    items.until(&format!("NOT EXISTS (SELECT FROM longhaul.worker WHERE process_id <> {number})")).await;
    page.http.get("/runs/1").is(200).says("running").says("process").says("act-pause");
    let browser = page.http.browsing();
    let mark = browser.mark("/runs/1");
    let mut events = page.http.follow("/runs/1");
    events.hear("event: beat");
    browser.post("/runs/1/pause", &[("mark", &mark), ("why", "payroll")]).leads_to("/runs/1?said=pausing");
    // Not dropped: while this waits for events, nothing would tell the server.
    holder.batch_execute("ROLLBACK").await.unwrap();
    events.hear("data: paused · run 1");
    let refused = items.project.longhaul(&["worker", "--serve", "0.0.0.0:0"]).await.ended_with(2);
    refused.says("the page would be open to everybody");
}

#[tokio::test]
async fn it_ends_at_once_and_well() {
    let project = Project::new(Database::empty().await);
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let page = Served::of(&project).await;
        let mut events = page.http.follow("/");
        events.hear("event: beat");
        page.process.signal(signal);
        events.end();
        page.process.outcome().await.succeeded();
    }
}
