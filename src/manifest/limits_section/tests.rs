use std::path::Path;
use std::time::Duration;

use super::super::document::Document;
use super::{DocumentError, LIMITS_KEYS, limits};
use crate::model::{FreeDisk, Limit, Limits, OnAutovacuum, Probe, Question};

fn read(text: &str) -> Result<Limits, DocumentError> {
    let text = format!("[limits]\n{text}\n");
    let document = Document::parse(Path::new("x.toml"), &text).unwrap();
    limits(&document.root().section("limits").unwrap().unwrap())
}

fn complaint(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn every_limit_is_read_as_it_is_written() {
    let text = r#"rows_per_second = 1
        wal_per_second = "2kB"
        replica_lag = "3s"
        replica_lag_bytes = "4kB"
        slot_retained = "5kB"
        blocked_for = "6ms"
        oldest_transaction = "7min"
        active_sessions = 8
        autovacuum = "hold"
        dead_tuples = "30%"
        unarchived_wal = "9kB"
        server_wal_per_second = "10kB"
        requested_checkpoints = 11
        free_disk = "12GB"
        canary = "SELECT 1;"
        canary_latency = "50ms"
        hold_limit = "2h"
        [[limits.probe]]
        sql = "SELECT 'a;b'"
        above = 1.5
        [[limits.probe]]
        name = "deploys"
        url = "https://localhost/healthy"
        every = "5s"
        "#;
    let seconds = Duration::from_secs;
    let expected = Limits {
        rows_per_second: Some(Limit::At(1)),
        wal_per_second: Some(Limit::At(2 << 10)),
        replica_lag: Some(Limit::At(seconds(3))),
        replica_lag_bytes: Some(Limit::At(4 << 10)),
        slot_retained: Some(Limit::At(5 << 10)),
        blocked_for: Some(Limit::At(Duration::from_millis(6))),
        oldest_transaction: Some(Limit::At(seconds(420))),
        active_sessions: Some(Limit::At(8)),
        autovacuum: Some(OnAutovacuum::Hold),
        dead_tuples: Some(Limit::At(0.3)),
        unarchived_wal: Some(Limit::At(9 << 10)),
        server_wal_per_second: Some(Limit::At(10 << 10)),
        requested_checkpoints: Some(Limit::At(11)),
        free_disk: Some(Limit::At(FreeDisk { share: None, bytes: Some(12 << 30) })),
        canaries: vec!["SELECT 1".into()],
        canary_latency: Some(Limit::At(Duration::from_millis(50))),
        probes: vec![
            Probe {
                name: None,
                question: Question::Sql { query: "SELECT 'a;b'".into(), above: 1.5 },
                every: seconds(1),
            },
            Probe {
                name: Some("deploys".into()),
                question: Question::Url("https://localhost/healthy".into()),
                every: seconds(5),
            },
        ],
        hold_limit: Some(Limit::At(seconds(7200))),
    };
    assert_eq!(read(text).unwrap(), expected);
    assert_eq!(read("").unwrap(), Limits::default());
}

#[test]
fn off_is_said_and_not_unsaid() {
    for key in LIMITS_KEYS.iter().filter(|key| !["canary", "probe"].contains(key)) {
        let limits = read(&format!("{key} = \"off\"")).unwrap();
        assert_ne!(limits, Limits::default(), "{key}");
    }
}

#[test]
fn a_complaint_points_at_the_place() {
    let at = |place: &str, text: &str| {
        let complaint = complaint(text);
        assert!(complaint.starts_with(&format!("x.toml:{place}: ")), "{complaint}");
    };
    at("2:1", "replica_lagg = \"5s\"");
    at("2:15", "replica_lag = \"5\"");
    at("2:15", "replica_lag = 5");
    at("2:19", "rows_per_second = \"fast\"");
    at("2:13", "free_disk = \"2\"");
    at("2:14", "autovacuum = \"wait\"");
    at("1:2", "canary = \"SELECT 1\"");
    at("2:10", "canary = \"SELECT 1; SELECT 2\"\ncanary_latency = \"1s\"");
    at("2:18", "canary_latency = \"2s\"");
    at("2:1", "[[limits.probe]]\nname = \"x\"");
    at("3:1", "[[limits.probe]]\nsq = \"x\"");
    at("4:7", "[[limits.probe]]\nsql = \"SELECT 1\"\nurl = \"http://x\"");
    at("4:9", "[[limits.probe]]\nurl = \"http://x\"\nabove = 7");
    at("3:7", "[[limits.probe]]\nurl = \"ftp://x\"");
    at("4:9", "[[limits.probe]]\nsql = \"SELECT 1\"\nabove = nan");
    assert_eq!(complaint("[[limits.probe]]\nnam = \"x\""), "x.toml:3:1: unknown key `nam` in [limits.probe]");
}
