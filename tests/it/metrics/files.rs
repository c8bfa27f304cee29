//! The dashboard and the rules that come along name only what there is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use longhaul::clock::Clock;
use serde_json::Value;

use super::{Exposition, at_work, process};

/// The families that a text names, of whichever series of theirs.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("longhaul_") {
        let name: String =
            text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        names.insert(family.unwrap_or(&name).to_owned());
    }
    names
}

/// What an expression of a panel asks for.
fn expressions(dashboard: &Value) -> Vec<&str> {
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn dashboard_and_rules_name_only_figures_that_there_are() {
    let (items, run, database) = at_work().await;
    run.kill().await;
    items
        .database()
        .execute(
            "INSERT INTO longhaul.alert (alert, occurrence, status, kind, message, noticed_by)
             VALUES ('oncall', 'a', 'firing', 'failed', '{}', 'x')",
        )
        .await;
    let mut there = super::scraped(&items.project).await.families();
    there.extend(database.families());
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    there.extend(Exposition::parse(&process::busy(&clock).render()).families());

    let dashboard = std::fs::read_to_string("config/grafana/longhaul.json").unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 15, "{expressions:?}");
    let rules = std::fs::read_to_string("config/prometheus/longhaul.rules.yml").unwrap();
    for text in expressions.into_iter().chain([rules.as_str()]) {
        let unknown: Vec<String> = named(text).difference(&there).cloned().collect();
        assert!(unknown.is_empty(), "{unknown:?} is in no scrape: {text}");
    }
}

#[test]
fn every_rule_has_what_a_rule_needs_and_is_tried() {
    let rules = std::fs::read_to_string("config/prometheus/longhaul.rules.yml").unwrap();
    let tried = std::fs::read_to_string("config/prometheus/longhaul.rules.test.yml").unwrap();
    let rules: Vec<&str> = rules.split("      - alert: ").skip(1).collect();
    assert!(rules.len() > 8);
    for rule in rules {
        let name = rule.lines().next().unwrap();
        for part in ["\n        expr: ", "\n          severity: ", "\n          summary: "] {
            assert!(rule.contains(part), "{name} has no {}", part.trim());
        }
        assert!(!rule.contains('\t'));
        assert!(tried.contains(&format!("alertname: {name}\n        exp_alerts:\n")), "{name} is not tried");
    }
}

#[test]
fn panels_lie_beside_each_other_and_have_numbers_of_their_own() {
    let dashboard = std::fs::read_to_string("config/grafana/longhaul.json").unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let mut taken = BTreeSet::new();
    for panel in panels {
        let of = |key: &str| panel["gridPos"][key].as_i64().unwrap();
        for x in of("x")..of("x") + of("w") {
            for y in of("y")..of("y") + of("h") {
                assert!(x < 24 && taken.insert((x, y)), "{} lies on another", panel["title"]);
            }
        }
    }
}
