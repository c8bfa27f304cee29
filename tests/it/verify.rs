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
