//! Each check speaks when it should, and only then.

use std::time::Duration;

use super::super::checkup::{Finding, Level};
use super::super::forecast::{Forecast, Span, TriggerCost};
use super::*;
use crate::model::{Order, Undo};

/// A job that nothing speaks against.
fn well() -> Facts {
    Facts {
        table: "public.items".to_owned(),
        targets: vec!["new".to_owned()],
        key_index: "items_pkey".to_owned(),
        correlation: None,
        order: Order::Physical,
        walk: "in physical order".to_owned(),
        strides: 15,
        why_strides: "a page holds 61 rows".to_owned(),
        forbidding: Vec::new(),
        surroundings: Surroundings {
            fillfactor: 100,
            autovacuum: true,
            rows: 1e6,
            indexes: 3,
            freeze_max_age: 200_000_000,
            multixact_freeze_max_age: 400_000_000,
            failsafe_age: 1_600_000_000,
            max_wal_size: 8 << 30,
            ..Surroundings::default()
        },
        server: vec![Finding::fine("connections", "97 are free")],
        opening: Opening::Always,
        lock_timeout: Duration::from_secs(5),
        table_bytes: 1 << 30,
        live_share: Some(0.97),
        owned: true,
        undo: Undo::Preimage,
        has_down: false,
        overwritten: Some(0.0),
        repairs: true,
        has_quarantine: false,
        unfinished: None,
        was_done: false,
        free_disk: Some(1e12),
        tried: Tried::Went,
        forecast: None,
    }
}

fn trigger() -> Trigger {
    Trigger {
        name: "audit".to_owned(),
        for_each_row: true,
        function: "note_it".to_owned(),
        takes_numbers: false,
        reaches_out: false,
    }
}

fn foreign_key() -> ForeignKey {
    ForeignKey {
        name: "lines_item".to_owned(),
        incoming: true,
        other: "lines".to_owned(),
        writes: false,
        has_index: true,
    }
}

#[test]
fn of_a_job_that_nothing_speaks_against_all_is_fine_and_each_check_says_something() {
    let findings = judge(&well());
    assert!(findings.iter().all(|finding| finding.level == Level::Fine), "{findings:#?}");
    assert!(findings.len() >= CHECKS.len() && !is_stopped(&findings));
}

/// A change of the facts that is to be told: how grave, about what, and in which words.
type Case = (fn(&mut Facts), Level, &'static str, &'static str);

const CASES: &[Case] = &[
    (|facts| facts.was_done = true, Level::Note, "run", "signed off before"),
    (
        |facts| {
            facts.unfinished = Some(Unfinished { run: 3, state: "paused".into(), who: Some("ann".into()) });
        },
        Level::Note,
        "run",
        "run 3 of the job is paused, by ann",
    ),
    (
        |facts| facts.opening = Opening::Closed("today 22:00".into(), "the hours".into()),
        Level::Note,
        "hours",
        "closed until today 22:00",
    ),
    (|facts| facts.opening = Opening::Never("the hours".into()), Level::Bad, "hours", "closed for good"),
    (
        |facts| facts.tried = Tried::WouldReadAll("Seq Scan".into()),
        Level::Bad,
        "key",
        "Seq Scan without bounds",
    ),
    (|facts| facts.tried = Tried::LeftOut("so".into()), Level::Note, "batches", "none was tried: so"),
    (|facts| facts.tried = Tried::BadRow { error: "too big".into() }, Level::Bad, "batches", "too big"),
    (
        |facts| (facts.tried, facts.has_quarantine) = (Tried::BadRow { error: "too big".into() }, true),
        Level::Note,
        "batches",
        "too big",
    ),
    (
        |facts| facts.tried = Tried::Locked { by: "session 7".into() },
        Level::Note,
        "batches",
        "waited 5.0 s for a lock in vain: session 7",
    ),
    (|facts| facts.tried = Tried::Failed { error: "no right".into() }, Level::Bad, "batches", "no right"),
    (|facts| facts.surroundings.rules.push("r".into()), Level::Bad, "rules", "by r"),
    (
        |facts| facts.surroundings.triggers.push(Trigger { takes_numbers: true, ..trigger() }),
        Level::Note,
        "triggers",
        "takes numbers",
    ),
    (
        |facts| facts.surroundings.triggers.push(Trigger { reaches_out: true, ..trigger() }),
        Level::Note,
        "triggers",
        "beyond its transaction",
    ),
    (
        |facts| {
            facts.surroundings.triggers.push(trigger());
            let costs = vec![TriggerCost { name: "audit".into(), per_row: 2e-5, share: 0.4 }];
            facts.forecast = Some(Forecast { triggers: costs, ..Forecast::default() });
        },
        Level::Note,
        "triggers",
        "40 % of the batches' time, 20.0 µs a row",
    ),
    (
        |facts| facts.surroundings.foreign_keys.push(ForeignKey { incoming: false, ..foreign_key() }),
        Level::Note,
        "constraints",
        "looked up in lines",
    ),
    (
        |facts| facts.surroundings.foreign_keys.push(ForeignKey { has_index: false, ..foreign_key() }),
        Level::Bad,
        "constraints",
        "without an index",
    ),
    (
        |facts| facts.surroundings.foreign_keys.push(ForeignKey { writes: true, ..foreign_key() }),
        Level::Note,
        "constraints",
        "changed along",
    ),
    (
        |facts| facts.surroundings.foreign_keys.push(foreign_key()),
        Level::Note,
        "constraints",
        "still pointed at",
    ),
    (
        |facts| facts.surroundings.unproved.push("positive".into()),
        Level::Note,
        "constraints",
        "positive was never proved",
    ),
    (
        |facts| facts.surroundings.unique_on_targets.push("u".into()),
        Level::Note,
        "constraints",
        "must stay unique",
    ),
    (|facts| facts.surroundings.generated.push("sum".into()), Level::Note, "generated", "sum is computed"),
    (|facts| facts.forbidding.push("items_new".into()), Level::Note, "heap-only", "writes all 3 indexes"),
    (|facts| facts.strides = 1, Level::Note, "heap-only", "not interleaved"),
    (|facts| facts.correlation = Some(0.1), Level::Note, "order", "lie far apart"),
    (|facts| facts.surroundings.publications.push("p".into()), Level::Note, "publications", "p sends"),
    (
        |facts| {
            facts.surroundings.publications.push("p".into());
            facts.surroundings.identity_full = true;
        },
        Level::Note,
        "publications",
        "REPLICA IDENTITY FULL",
    ),
    (
        |facts| {
            facts.surroundings.publications.push("p".into());
            facts.surroundings.identity_missing = true;
        },
        Level::Bad,
        "publications",
        "no replica identity",
    ),
    (
        |facts| facts.surroundings.locks.push("ShareLock by session 7".into()),
        Level::Bad,
        "locks",
        "ShareLock by session 7",
    ),
    (
        |facts| {
            facts.surroundings.keeps_dead_rows = Some("session 7".into());
            facts.surroundings.oldest_transaction = 3700.0;
        },
        Level::Note,
        "transactions",
        "kept by session 7; the oldest transaction is 1 h 01 min old",
    ),
    (|facts| facts.live_share = Some(0.3), Level::Note, "storage", "rows take 30 %"),
    (|facts| facts.surroundings.unlogged = true, Level::Note, "storage", "unlogged"),
    (|facts| facts.surroundings.autovacuum = false, Level::Note, "vacuum", "autovacuum is off"),
    (
        |facts| {
            facts.owned = false;
            facts.forbidding.push("items_new".into());
        },
        Level::Note,
        "vacuum",
        "may not VACUUM",
    ),
    (|facts| facts.surroundings.dead_rows = 500_000, Level::Note, "vacuum", "50 % of its rows are dead"),
    (|facts| facts.surroundings.rows = -1.0, Level::Note, "vacuum", "never analyzed"),
    (|facts| facts.surroundings.is_vacuumed = true, Level::Note, "vacuum", "VACUUM is at work"),
    (|facts| facts.surroundings.xid_age = 1_700_000_000, Level::Bad, "wraparound", "about to refuse writes"),
    (
        |facts| facts.surroundings.xid_age = 190_000_000,
        Level::Note,
        "wraparound",
        "190,000,000 transactions old",
    ),
    (|facts| facts.surroundings.multixact_age = 390_000_000, Level::Note, "wraparound", "against wraparound"),
    (|facts| facts.free_disk = None, Level::Note, "disk", "can't be seen"),
    (
        |facts| facts.forecast = Some(Forecast { growth: Span::of(1e12, 2e12), ..Forecast::default() }),
        Level::Bad,
        "disk",
        "931.3 GB are free, and up to 1.8 TB",
    ),
    (
        |facts| facts.forecast = Some(Forecast { growth: Span::exact(6e11), ..Forecast::default() }),
        Level::Note,
        "disk",
        "are free",
    ),
    (
        |facts| (facts.undo, facts.overwritten) = (Undo::None, Some(0.3)),
        Level::Note,
        "undo",
        "about 30 % of the rows hold other values",
    ),
    (|facts| facts.undo = Undo::None, Level::Note, "undo", "no `downgrade` goes past"),
    (
        |facts| (facts.undo, facts.has_down, facts.overwritten) = (Undo::None, true, None),
        Level::Note,
        "undo",
        "but not its loss",
    ),
    (|facts| facts.repairs = false, Level::Note, "sweeps", "visited once only"),
    (
        |facts| facts.server.push(Finding::bad("prepared", "locks", "COMMIT PREPARED")),
        Level::Bad,
        "prepared",
        "locks",
    ),
];

#[test]
fn each_check_speaks_when_its_facts_are_so() {
    for (change, level, subject, words) in CASES {
        let mut facts = well();
        change(&mut facts);
        let findings = judge(&facts);
        let found = findings.iter().any(|finding| {
            finding.level == *level && finding.subject == *subject && finding.says.contains(words)
        });
        assert!(found, "{level:?} {subject} `{words}` is not in {findings:#?}");
        assert_eq!(is_stopped(&findings), *level == Level::Bad, "{subject} {words}");
        let first = findings.first().unwrap().level;
        assert!(findings.iter().all(|finding| finding.level <= first), "the gravest comes first");
    }
}

#[test]
fn what_tells_nothing_of_a_job_is_left_to_doctor() {
    let mut facts = well();
    facts.server.push(Finding::note("TLS", "nothing is encrypted", "turn it on"));
    assert!(judge(&facts).iter().all(|finding| finding.level == Level::Fine));
}
