//! `verify`: the proof by itself, before a run, after it, and when somebody has spoilt what it did.

use crate::support::{Items, JobKind};

#[tokio::test]
async fn a_job_is_verified_any_day_and_nothing_is_changed_by_it() {
    let items = Items::new(120, JobKind::Sweeping).await;
    let totals = "\n[verify]\ntotals = [\"sum(new) = sum(old * 2)\", \"by old % 3\"]\n";
    items.project.write("fill.toml", &(items.project.read("fill.toml") + totals));
    let before = items.project.longhaul(&["verify", "fill"]).await.ended_with(3).stdout;
    assert!(before.contains("FOUND 120 of 120 rows are left to do"), "{before}");
    assert!(before.contains("FOUND sum(new) is NULL, sum(old * 2) is 14520"), "{before}");
    let made: bool = items.database().value("SELECT to_regnamespace('longhaul') IS NOT NULL").await;
    assert!(!made, "it wrote something");

    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let events: i64 = items.database().value("SELECT count(*) FROM longhaul.event").await;
    let after = items.project.longhaul(&["verify", "fill"]).await.succeeded().stdout;
    for says in [
        "ok    0 of 120 rows are left to do",
        "ok    sum(new) is 14520, sum(old * 2) is 14520",
        "ok    by old % 3: 0 of 3 groups differ",
    ] {
        assert!(after.contains(says), "`{says}` is not in:\n{after}");
    }

    items.database().execute("UPDATE items SET new = 0 WHERE id = 7").await;
    let json = items.project.longhaul(&["verify", "fill", "--json"]).await.ended_with(3).stdout;
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((told["ok"].as_bool(), told["proof"]["remaining"].as_i64()), (Some(false), Some(1)));
    assert_eq!(told["proof"]["groups"][0]["unequal"], 1);
    let state: String = items.database().value("SELECT state FROM longhaul.run").await;
    let same: i64 = items.database().value("SELECT count(*) FROM longhaul.event").await;
    assert_eq!((state.as_str(), same), ("done", events), "it stored something");
}

#[tokio::test]
async fn a_job_whose_columns_are_gone_cant_be_verified_and_says_which() {
    let items = Items::new(10, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.database().execute("ALTER TABLE items DROP COLUMN old").await;
    items.project.longhaul(&["verify", "fill"]).await.ended_with(2).says("old");
}

#[tokio::test]
async fn totals_are_taken_before_the_first_batch_and_told_with_the_proof() {
    let items = Items::new(100, JobKind::Sweeping).await;
    items.write_job("set = { new = \"old * 2\" }");
    let job = items.project.read("fill.toml");
    items.project.write("fill.toml", &format!("{job}[verify]\nbefore = true\n"));
    items.project.longhaul(&["run", "fill"]).await.ended_with(2).says("`totals` is missing");
    let totals = "[verify]\nbefore = true\ntotals = [\"sum(new) = sum(old) * 2\"]\n";
    items.project.write("fill.toml", &format!("{job}{totals}"));
    let outcome = items.project.longhaul(&["run", "fill"]).await.succeeded();
    outcome
        .says("before the run sum(new) was NULL, sum(old) * 2 was 10100")
        .says("proved: sum(new) = sum(old) * 2 = 10100");
    let kept = "SELECT sign_off -> 'before' -> 'totals' -> 0 ->> 'right_value' FROM longhaul.run";
    assert_eq!(items.database().value::<String>(kept).await, "10100");
}

#[tokio::test]
async fn a_sample_is_a_quick_look() {
    let items = Items::new(5000, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let looked =
        items.project.longhaul(&["verify", "fill", "--sample", "20%", "--json"]).await.succeeded().stdout;
    let looked: serde_json::Value = serde_json::from_str(&looked).unwrap();
    let rows = looked["proof"]["rows"].as_i64().unwrap();
    assert!((1..5000).contains(&rows), "{rows} rows");
    items.database().execute("UPDATE items SET new = 0").await;
    items
        .project
        .longhaul(&["verify", "fill", "--sample", "50%"])
        .await
        .ended_with(3)
        .says_on_stdout("50 % of its pages");
    items
        .project
        .longhaul(&["verify", "fill", "--sample", "lots"])
        .await
        .ended_with(2)
        .says("is not a share");
}
