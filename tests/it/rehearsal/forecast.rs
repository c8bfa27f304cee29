//! The forecast: kept, compared with the run, and what limits and hours do to it.

use super::{SET, items, job, told};

#[tokio::test]
async fn a_run_is_compared_with_the_forecast_before_it_and_with_no_other() {
    let project = items(20_000).await;
    project.write("other.toml", "[job]\ntable = \"items\"\nset = { old = \"old\" }\n");
    // The books are made by any run.
    project.longhaul(&["run", "other"]).await.succeeded();
    let first = project.longhaul(&["plan", "fill"]).await.succeeded();
    assert!(first.stdout.contains("kept          for the comparison after the run"), "{}", first.stdout);
    let run = project.longhaul(&["run", "fill"]).await.succeeded();
    for part in ["forecast of ", ", took ", "20,000 rows, changed 20,000", " of WAL, the server wrote "] {
        assert!(run.stderr.contains(part), "`{part}` is not in:\n{}", run.stderr);
    }
    let status = project.longhaul(&["status", "fill"]).await.succeeded();
    assert!(status.stdout.contains("  plan        forecast of "), "{}", status.stdout);
    let log = project.longhaul(&["log", "fill"]).await.succeeded();
    assert!(log.stdout.contains("run 2 of fill, forecast of "), "{}", log.stdout);
    let json = told(&project.longhaul(&["status", "fill", "--json"]).await.succeeded());
    let truth = &json["runs"][0]["compared"]["truth"];
    assert_eq!(truth["rows"], 20_000);
    assert!(truth["seconds"].as_f64().unwrap() > 0.0 && truth["wal"].as_u64().unwrap() > 100_000, "{json:#}");
    // The job does something else now: what was expected of it before says nothing.
    job(&project, "set = { new = \"old * 3\" }");
    let run = project.longhaul(&["run", "fill", "--anew"]).await.succeeded();
    assert!(!run.stderr.contains("forecast of "), "{}", run.stderr);
}

#[tokio::test]
async fn limits_and_hours_bound_it_and_that_is_told() {
    let project = items(20_000).await;
    job(&project, &format!("{SET}\n\n[limits]\nrows_per_second = 10"));
    let slow = told(&project.longhaul(&["plan", "fill", "--json"]).await.succeeded());
    let low = slow["forecast"]["time"]["low"].as_f64().unwrap();
    assert!((2000.0..2200.0).contains(&low), "{slow:#}");
    assert_eq!(slow["effects"][0]["setting"], "rows_per_second = 10");
    assert!(slow["effects"][0]["without"]["high"].as_f64().unwrap() < 1000.0, "{slow:#}");
    let text = project.longhaul(&["plan", "fill"]).await.succeeded().stdout;
    assert!(text.contains("rows_per_second = 10: about 33 min; without: "), "{text}");
    assert!(text.contains("for speed     raise rows_per_second = 10"), "{text}");
    // One minute a week for 33 minutes of work: months.
    job(
        &project,
        &format!(
            "{SET}\n\n[limits]\nrows_per_second = 10\n\n[hours]\nopen = [\"Mon 03:00-03:01\"]\nzone = \"UTC\""
        ),
    );
    let weekly = told(&project.longhaul(&["plan", "fill", "--json"]).await.succeeded());
    let ends =
        |told: &serde_json::Value| told["ends_at"][0].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let later = ends(&weekly).duration_since(ends(&slow)).as_hours();
    assert!(later > 30 * 7 * 24, "{weekly:#}");
    assert!(weekly["findings"].to_string().contains("hours of the job are"), "{weekly:#}");
}

#[tokio::test]
async fn an_older_control_schema_is_left_as_it_is() {
    let project = items(100).await;
    project.longhaul(&["run", "fill"]).await.succeeded();
    project
        .database
        .execute(
            "DELETE FROM longhaul.schema_version WHERE version >= 6; DROP TABLE longhaul.forecast;
             ALTER TABLE longhaul.run DROP COLUMN wal_began;
             DROP FUNCTION longhaul.stretches; DROP TABLE longhaul.sample, longhaul.timing, longhaul.alert, longhaul.alert_watch;
             ALTER TABLE longhaul.quarantine DROP COLUMN detail",
        )
        .await;
    let told = told(&project.longhaul(&["plan", "fill", "--json"]).await.succeeded());
    assert_eq!(told["kept"], false);
    let version: i32 = project.database.value("SELECT max(version) FROM longhaul.schema_version").await;
    assert_eq!(version, 5);
    // Whoever writes brings it up, and what was done before has no forecast.
    project.longhaul(&["run", "fill", "--anew"]).await.succeeded();
    let version: i32 = project.database.value("SELECT max(version) FROM longhaul.schema_version").await;
    assert_eq!(version, 7);
    let kept: i64 = project.database.value("SELECT count(*) FROM longhaul.run WHERE wal_began IS NULL").await;
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_role_that_may_not_keep_it_gets_it_all_the_same() {
    let project = items(1000).await;
    project.longhaul(&["run", "fill"]).await.succeeded();
    project.database.execute("UPDATE items SET new = NULL").await;
    let role = format!("plain_{}", project.database.value::<String>("SELECT current_database()::text").await);
    project
        .database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT USAGE ON SCHEMA longhaul TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA longhaul TO {role};
             REVOKE INSERT ON longhaul.forecast FROM {role}; GRANT SELECT, UPDATE ON items TO {role}"
        ))
        .await;
    let url = project.database.url_of(&role);
    let text = project.longhaul(&["plan", "fill", "--database-url", &url]).await.succeeded().stdout;
    assert!(text.contains("not kept") && text.contains("INSERT ON longhaul.forecast"), "{text}");
    project.database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
