//! A database that is away, that isn't ours, or that a newer longhaul was at.

use super::Served;
use crate::support::{Database, Items, JobKind, Project, wait_for};

#[tokio::test]
async fn a_database_that_is_away_is_said_to_be_and_comes_back() {
    let items = Items::new(50, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let name: String = items.database().value("SELECT current_database()").await;
    let neighbour = items.database().neighbour().await;
    let page = Served::of(&items.project).await;
    let mut events = page.http.follow("/runs/1");
    events.hear("\"id\":\"head\"");
    events.forget();
    let end_sessions = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND application_name LIKE 'longhaul%'"
    );
    // Its session is gone, the server is there: nobody notices.
    neighbour.execute(&end_sessions).await;
    page.http.get("/runs/1").is(200).says("fill");
    neighbour.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    neighbour.execute(&end_sessions).await;
    // What was read a moment ago is shown for that moment.
    wait_for("it is noticed", async || page.http.get("/runs/1").status == 503).await;
    let away = page.http.get("/runs/1").is(503).says("The database can't be reached");
    away.says("is not currently accepting connections").hides("admin:");
    events.hear("The database can't be reached");
    events.forget();
    page.http.get("/healthz").is(200);
    neighbour.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    // The complaint is taken back.
    events.hear("{\"html\":\"\",\"id\":\"problem\"}");
    wait_for("the page is back", async || page.http.get("/runs/1").status == 200).await;
}

#[tokio::test]
async fn a_page_begins_also_while_the_server_is_away() {
    let project = Project::new(Database::empty().await);
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let url = format!("postgresql://ann:hunter2@{nobody}/hrms");
    let page = Served::with(&project, &["--database-url", &url]).await;
    let answer = page.http.get("/").is(503).says("The database can't be reached").says("Connection refused");
    answer
        .says("is the server up, and are host and port right?")
        .hides("hunter2")
        .says("http-equiv=\"refresh\"");
    project.longhaul_without("DATABASE_URL", &["serve"]).await.ended_with(2).says("no database is named");
}

#[tokio::test]
async fn a_schema_that_is_not_ours_or_of_another_version_is_named() {
    let project = Project::new(Database::empty().await);
    let page = Served::of(&project).await;
    project.database.execute("CREATE SCHEMA longhaul; CREATE TABLE longhaul.mine ()").await;
    let foreign =
        page.http.get("/").is(409).says("The schema `longhaul` exists and was not made by longhaul");
    foreign.says("name another with");
    project.database.execute("DROP SCHEMA longhaul CASCADE").await;
    project.write("fill.toml", "[job]\ntable = \"t\"\nset = { n = \"1\" }\n");
    project.database.execute("CREATE TABLE t (id int PRIMARY KEY, n int)").await;
    project.longhaul(&["run", "fill"]).await.succeeded();
    project.database.execute("INSERT INTO longhaul.schema_version (version) VALUES (9999)").await;
    page.http.get("/history").is(409).says("has version 9999").says("use the newer longhaul");
    project.database.execute("DELETE FROM longhaul.schema_version WHERE version > 5").await;
    page.http.get("/events").is(409).says("has version 5").says("brings it up");
}

#[tokio::test]
async fn a_role_without_rights_is_told_which() {
    let items = Items::new(10, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let database = items.database();
    let role = format!("page_nobody_{}", database.value::<String>("SELECT current_database()").await);
    database.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{role}'")).await;
    let page = Served::with(&items.project, &["--database-url", &database.url_of(&role)]).await;
    page.http.get("/").is(403).says("The page's role lacks a right").says("GRANT USAGE ON SCHEMA longhaul");
    database.execute(&format!("DROP ROLE {role}")).await;
}

#[tokio::test]
async fn files_that_can_not_be_read_take_only_their_own_part() {
    let items = Items::new(10, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.project.write(
        "20260101_aaaa11112222_broken.sql",
        "-- revision: aaaa11112222\n-- revises: bbbb11112222\n\n-- migrate:up\n",
    );
    let page = Served::of(&items.project).await;
    page.http.get("/").is(200).says("fill").says("The files can't be read").says("bbbb11112222");
    page.http.get("/runs/1").is(200).says("Sign-off");
    page.http.get("/history").is(200).says("What the database has applied:");
}
