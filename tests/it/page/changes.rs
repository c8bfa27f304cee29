//! Pause, resume, cancel and set by forms.

use super::Served;
use crate::support::{Database, Items, JobKind, Project};

/// A run of `fill` that has failed and waits.
async fn stopped_run() -> Items {
    let items = Items::new(50, JobKind::Counting).await;
    items.database().execute("ALTER TABLE items ADD CHECK (id <> 30 OR visits = 0)").await;
    items.project.longhaul(&["run", "fill"]).await.ended_with(1);
    items
}

async fn wanted(items: &Items) -> (String, Option<String>, Option<String>) {
    let row = items.database().row("SELECT wanted, wanted_by, wanted_why FROM longhaul.run", &[]).await;
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn a_run_is_paused_and_resumed_with_a_reason_by_whom_the_proxy_names() {
    let items = stopped_run().await;
    let trusted = ["--trust-header", "X-Forwarded-User", "--trust-proxy", "127.0.0.1"];
    let page = Served::with(&items.project, &trusted).await;
    let ben = page.http.with("X-Forwarded-User", "ben").browsing();
    let mark = ben.mark("/runs/1");
    ben.post("/runs/1/pause", &[("mark", &mark), ("why", " payroll\n run ")]).leads_to("/runs/1?said=paused");
    assert_eq!(items.state().await, "paused");
    let (wish, by, why) = wanted(&items).await;
    assert_eq!((wish.as_str(), why.as_deref()), ("pause", Some("payroll run")));
    assert!(by.unwrap().starts_with("ben (page) on "));
    ben.get("/runs/1?said=paused")
        .is(200)
        .says("It is paused; nobody was at work on it.")
        .says("payroll run");
    ben.get("/runs/1?said=%3Cscript%3E").is(200).hides("<script>").hides("said");
    ben.post("/runs/1/pause", &[("mark", &mark), ("why", "again")]).leads_to("/runs/1?said=already");
    ben.post("/runs/1/resume", &[("mark", &mark), ("why", "done")]).leads_to("/runs/1?said=may-go-on");
    assert_eq!(items.state().await, "waiting");
    let actor: String =
        items.database().value("SELECT actor FROM longhaul.event ORDER BY id DESC LIMIT 1").await;
    assert_eq!(actor, "ben (page)");
}

#[tokio::test]
async fn nothing_changes_without_a_reason_from_another_site_or_by_a_strange_form() {
    let items = stopped_run().await;
    let page = Served::of(&items.project).await;
    let browser = page.http.browsing();
    let mark = browser.mark("/runs/1");
    let fields: &[(&str, &str)] = &[("mark", &mark), ("why", "evil")];
    for strange in [
        browser.with("Sec-Fetch-Site", "cross-site"),
        browser.with("Sec-Fetch-Site", "same-site"),
        page.http.with("Cookie", &browser.headers[0].1),
        page.http.with("Cookie", &browser.headers[0].1).with("Origin", "http://evil.example"),
        page.http.browsing(),
    ] {
        strange.post("/runs/1/pause", fields).is(403).says("nothing was changed");
    }
    browser.post("/runs/1/pause", &[("why", "no mark")]).is(403);
    browser.post("/runs/1/pause", &[("mark", &mark), ("why", " \n ")]).is(422).says("A reason is missing");
    let long = "x".repeat(501);
    browser.post("/runs/1/pause", &[("mark", &mark), ("why", &long)]).is(422).says("The reason is too long");
    browser.post("/runs/1/explode", fields).is(404);
    browser.post("/runs/77/pause", fields).is(404).says("There is no run 77");
    browser.ask("GET", "/runs/1/pause", "").is(404);
    browser.ask("DELETE", "/runs/1/pause", "").is(405);
    let huge = "x".repeat(20_000);
    browser.post("/runs/1/pause", &[("mark", &mark), ("why", &huge)]).is(413);
    assert_eq!((wanted(&items).await.0.as_str(), items.state().await.as_str()), ("work", "failed"));
}

#[tokio::test]
async fn a_run_is_cancelled_only_by_who_is_sure() {
    let items = stopped_run().await;
    let page = Served::of(&items.project).await;
    let browser = page.http.browsing();
    let question = browser.get("/runs/1/cancel").is(200).says("Cancel run 1 of fill for good?");
    question.says("name=\"sure\"").says("public.items");
    let mark = browser.mark("/runs/1/cancel");
    let unsure = browser.post("/runs/1/cancel", &[("mark", &mark), ("why", "wrong \"table\"")]).is(422);
    unsure.says("when the box is checked").says("value=\"wrong &quot;table&quot;\"");
    assert_eq!(items.state().await, "failed");
    let sure = [("mark", mark.as_str()), ("why", "wrong table"), ("sure", "yes")];
    browser.post("/runs/1/cancel", &sure).leads_to("/runs/1?said=cancelled");
    assert_eq!(items.state().await, "cancelled");
    browser.get("/runs/1/cancel").is(200).says("there is nothing to cancel");
    browser.get("/runs/1").is(200).hides("act-pause");
}

#[tokio::test]
async fn settings_are_stored_or_refused_with_a_hint() {
    let items = stopped_run().await;
    let page = Served::of(&items.project).await;
    let browser = page.http.browsing();
    let mark = browser.mark("/runs/1");
    let set = |key: &str, value: &str| {
        browser.post("/runs/1/set", &[("mark", &mark), ("why", "slower"), ("key", key), ("value", value)])
    };
    set("rows_per_second", "5000").leads_to("/runs/1?said=set");
    let stored: String = items.database().value("SELECT settings FROM longhaul.run").await;
    assert!(stored.contains("rows_per_second = 5000"), "{stored}");
    set("rows_per_secnd", "5000").is(409).says("There is no setting `rows_per_secnd`").says("did you mean");
    set("target", "soon")
        .is(409)
        .says("is not a duration")
        .says("value=\"soon\"")
        .says("<details class=\"act\" id=\"act-set\" open>");
    set("open", "Mon-Fry 22:00-05:00").is(409);
    let after: String = items.database().value("SELECT settings FROM longhaul.run").await;
    assert_eq!(stored, after);
    set("rows_per_second", "").leads_to("/runs/1?said=set");
    assert_eq!(items.database().value::<String>("SELECT settings FROM longhaul.run").await, "");
}

#[tokio::test]
async fn a_command_for_an_earlier_run_does_not_meet_the_latest() {
    let items = stopped_run().await;
    items.project.longhaul(&["cancel", "fill", "--why", "wrong"]).await.succeeded();
    items.project.longhaul(&["run", "fill"]).await.ended_with(1);
    let page = Served::of(&items.project).await;
    let browser = page.http.browsing();
    let mark = browser.mark("/runs/2");
    let early = browser.post("/runs/1/pause", &[("mark", &mark), ("why", "x")]).is(409);
    early.says("Run 1 of the job `fill` is over, and run 2 came after it");
    let states: Vec<String> =
        items.database().value("SELECT array_agg(state ORDER BY id) FROM longhaul.run").await;
    assert_eq!(states, ["cancelled", "failed"]);
    browser.get("/runs/2").is(200).says("Runs of this job").says("href=\"/runs/1\"");
}

#[tokio::test]
async fn where_all_is_only_shown_nothing_changes() {
    let items = stopped_run().await;
    let page = Served::with(&items.project, &["--read-only"]).await;
    let browser = page.http.browsing();
    browser.get("/runs/1").is(200).hides("<form").says("this page only shows");
    browser.get("/runs/1/cancel").is(200).hides("<form");
    let refused = browser.post("/runs/1/pause", &[("mark", "x"), ("why", "x")]).is(403);
    refused.says("nothing can be changed by it").says("`longhaul pause`");
    assert_eq!(items.state().await, "failed");
}

#[tokio::test]
async fn a_script_needs_its_token_and_no_form() {
    let items = stopped_run().await;
    let token = "a-token-that-nobody-guesses";
    let page = Served::with_variables(&items.project, &[("LONGHAUL_PAGE_TOKEN", token)], &[]).await;
    let script = page.http.with("Authorization", &format!("Bearer {token}"));
    script.post("/runs/1/pause", &[("why", "by a script")]).leads_to("/runs/1?said=paused");
    let (_, by, _) = wanted(&items).await;
    assert!(by.unwrap().starts_with("token from 127.0.0.1 (page) on "));
}

#[tokio::test]
async fn a_role_that_may_only_read_is_told_what_it_lacks() {
    let items = stopped_run().await;
    let database = items.database();
    let role = format!("page_reader_{}", database.value::<String>("SELECT current_database()").await);
    database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT USAGE ON SCHEMA longhaul TO {role};
             GRANT SELECT ON ALL TABLES IN SCHEMA longhaul TO {role};
             REVOKE SELECT ON longhaul.quarantine, longhaul.preimage FROM {role};
             GRANT SELECT (run_id, state) ON longhaul.quarantine TO {role}"
        ))
        .await;
    let url = database.url_of(&role);
    let page = Served::with(&items.project, &["--database-url", &url]).await;
    let browser = page.http.browsing();
    browser.get("/").is(200).says("fill");
    let mark = browser.mark("/runs/1");
    browser.get("/runs/1/quarantine").is(200).says("0 held").says("permission denied");
    let refused = browser.post("/runs/1/pause", &[("mark", &mark), ("why", "x")]).is(403);
    refused.says("lacks rights on the control schema").says("Hint").says("GRANT UPDATE");
    assert_eq!(items.state().await, "failed");
    // Roles are the whole server's.
    database.execute(&format!("DROP OWNED BY {role}")).await;
}

#[tokio::test]
async fn before_anything_is_stored_every_page_says_so() {
    let project = Project::example(Database::empty().await);
    let page = Served::of(&project).await;
    page.http.get("/").is(200).says("longhaul has stored nothing").says("0 revisions are applied, 4 pending");
    page.http.get("/history").is(200).says("add gross_amount").says("node pending");
    page.http.get("/revisions/3f9a0c1b7d52").is(200).says("add column gross_amount").says("pending");
    page.http.get("/events").is(200).says("None yet.");
    for path in ["/runs/1", "/runs/1/batches", "/runs/1/quarantine", "/runs/1/cancel"] {
        page.http.get(path).is(404).says("Nothing is stored in this database yet");
    }
    let browser = page.http.browsing();
    // Without a run there is no form to take the mark from.
    browser.post("/runs/1/pause", &[("mark", "x"), ("why", "x")]).is(403);
    let made: bool = project.database.value("SELECT to_regnamespace('longhaul') IS NOT NULL").await;
    assert!(!made, "who looks makes nothing");
}
