//! Pages drawn from made-up facts: whatever stands in the database, it stays text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::model::{Direction, Pass, RunId, RunState, WorkerId};
use crate::observe::{PhaseFigures, QueryTimings, Standing};
use crate::plan::eta::EtaEstimator;
use crate::plan::hours::Schedule;
use crate::store::{
    HoldPeriod, LoggedBatch, LoggedEvent, MappedRange, NumberedEvent, PassTotals, Point, QuarantineCount,
    QuarantinedKey, RunRow, Wish, WorkerRow,
};
use crate::web::assets;
use crate::web::facts::{Events, History, OneRun, Overview, Quarantine};
use crate::web::key::EventFilter;
use crate::web::problem::Problem;

/// What people and attackers call things.
const NAMES: [&str; 4] = [
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "\u{202e}txet\u{202c} שָׂכָר مرتبات",
    "</title></textarea>&amp;<!--",
];

fn standing(name: &str, state: RunState) -> Standing {
    let run = RunRow {
        id: RunId(7),
        job: name.to_owned(),
        name: name.to_owned(),
        table: format!("public.{name}"),
        key_columns: vec![name.to_owned()],
        definition: name.to_owned(),
        direction: Direction::Up,
        state,
        pass: Pass::BACKFILL,
        estimated_rows: 1000,
        walk: name.to_owned(),
        started_by: name.to_owned(),
        started_at: name.to_owned(),
        finished_at: None,
        wish: Wish {
            wanted: crate::model::Wanted::Pause,
            by: Some(name.to_owned()),
            why: Some(name.to_owned()),
        },
        wanted_at: Some(name.to_owned()),
        settings: format!("target = \"{name}\""),
        reason: Some(name.to_owned()),
        sign_off: Some(json!({
            "rows": 1000, "remaining": 0, "at": name, "snapshot": name, "wal_lsn": name,
            "totals": [{ "left": name, "left_value": name, "right": name, "right_value": null, "equal": false }],
            "groups": [{ "by": name, "groups": 3, "unequal": 1, "examples": [name] }],
        })),
        table_oid: None,
    };
    let worker = WorkerRow {
        id: WorkerId::fresh(),
        host: name.to_owned(),
        process_id: 5,
        actor: name.to_owned(),
        started_at: name.to_owned(),
        heartbeat: 0,
        alive: true,
        doing: name.to_owned(),
        doing_since: name.to_owned(),
        rows_per_second: 1.0,
    };
    Standing {
        run,
        pass: PassTotals { rows_seen: 420, ..PassTotals::default() },
        all: PassTotals { rows_changed: 400, batches: 40, ..PassTotals::default() },
        checkpoint: Some(name.to_owned()),
        quarantine: QuarantineCount { held: 2, dropped: 1 },
        workers: vec![worker],
        pace: EtaEstimator::new(),
        schedule: Schedule::default(),
        now: Timestamp::UNIX_EPOCH,
        compared: None,
    }
}

fn event(name: &str) -> NumberedEvent {
    let event = LoggedEvent {
        at: name.to_owned(),
        microseconds: 0,
        kind: name.to_owned(),
        run: Some(7),
        revision: Some(name.to_owned()),
        actor: name.to_owned(),
        host: name.to_owned(),
        message: name.to_owned(),
        detail: None,
    };
    NumberedEvent { id: 3, event }
}

fn one_run(name: &str, state: RunState) -> OneRun {
    let point = Point {
        at: 0,
        seconds: 10.0,
        workers: 1,
        batches: 3,
        rows_per_second: 100.0,
        wal_per_second: 1e6,
        mean_batch: 0.1,
        longest_batch: 0.3,
        mean_lock_wait: 0.0,
        longest_blocked: 0.0,
        gave_way: 0,
    };
    let hold = HoldPeriod {
        began: 2_000_000,
        ended: None,
        host: name.to_owned(),
        signals: vec![name.to_owned()],
        message: name.to_owned(),
    };
    let range = MappedRange {
        id: 1,
        from: Some(name.to_owned()),
        to: name.to_owned(),
        finished: false,
        share: Some(0.4),
        held_by: Some((name.to_owned(), 5)),
        batches: 4,
        rows_seen: 420,
        rows_changed: 400,
    };
    let batch = LoggedBatch {
        id: 9,
        range: 1,
        pass: 0,
        stride: 0,
        lower: Some(vec![name.to_owned()]),
        upper: vec![name.to_owned()],
        rows_seen: 10,
        rows_changed: 10,
        rows_hot: None,
        wal_bytes: None,
        seconds: 0.1,
        lock_wait: 0.0,
        blocked: 0,
        blocked_for: 0.0,
        finished_at: 1_000_000,
    };
    OneRun {
        standing: standing(name, state),
        ranges: vec![range],
        points: vec![point],
        signals: Vec::new(),
        holds: vec![hold],
        timings: vec![timings(name)],
        batches: vec![batch],
        events: vec![event(name)],
        runs: Vec::new(),
        zone: TimeZone::UTC,
    }
}

fn timings(name: &str) -> QueryTimings {
    let phase = |plan: &str| PhaseFigures {
        times: 5,
        failed: 0,
        median: Some(0.01),
        longest: Some(0.02),
        plan: Some(format!("{plan} on {name}")),
    };
    QueryTimings { query: name.to_owned(), phases: [phase("Index Scan"), phase("none"), phase("Seq Scan")] }
}

/// The whole page, as it is sent.
fn drawn(key: &Key, facts: &Facts) -> String {
    let entered = Entered { action: "pause".to_owned(), why: NAMES[0].to_owned(), ..Entered::default() };
    let viewer = Viewer { mark: Some("mark".to_owned()), can_leave: true, entered: Some(entered) };
    let problem = Problem::not_found(NAMES[0]).hint(NAMES[1]);
    let frame = Frame {
        database: NAMES[0],
        key: Some(key),
        viewer: &viewer,
        read_only: false,
        notice: Some(NAMES[0]),
        problem: Some(&problem),
    };
    document(&frame, &view(key, facts, &viewer)).into_string()
}

/// Every page, with this for every text of the database.
fn pages(name: &str) -> Vec<(&'static str, String)> {
    let key = QuarantinedKey {
        id: 1,
        key: crate::model::KeyValue(vec![name.to_owned()]),
        sqlstate: name.to_owned(),
        error: name.to_owned(),
        tries: 1,
        state: name.to_owned(),
        settled_by: Some(name.to_owned()),
        why: Some(name.to_owned()),
        found_at: name.to_owned(),
        tried_at: name.to_owned(),
    };
    let history = || History {
        manifest: Err(Problem::not_found(name)),
        applied: BTreeMap::new(),
        runs: BTreeMap::new(),
    };
    let mut failed = standing(name, RunState::Failed);
    failed.run.id = RunId(6);
    let overview = Overview {
        standings: vec![failed, standing(name, RunState::Running)],
        history: history(),
        events: vec![event(name)],
        is_stored: true,
    };
    let run = |state| Facts::Run(Box::new(one_run(name, state)));
    let quarantine =
        Quarantine { standing: standing(name, RunState::Quarantined), rows: Ok(vec![key]), after: None };
    let events = Events { listed: vec![event(name)], filter: EventFilter::default() };
    vec![
        ("overview", drawn(&Key::Overview, &Facts::Overview(overview))),
        ("history", drawn(&Key::History, &Facts::History(history()))),
        ("run", drawn(&Key::Run(7), &run(RunState::Running))),
        ("done", drawn(&Key::Run(7), &run(RunState::Done))),
        ("cancel", drawn(&Key::Cancel(7), &run(RunState::Running))),
        ("quarantine", drawn(&Key::Quarantine { run: 7, after: None }, &Facts::Quarantine(quarantine))),
        ("events", drawn(&Key::Events(EventFilter::default()), &Facts::Events(events))),
    ]
}

/// What stands in tags and not in their quotes.
fn unquoted(html: &str) -> String {
    let tags = html.split('<').skip(1);
    tags.flat_map(|tag| {
        let mut quoted = false;
        let inside = tag.chars().take_while(move |letter| {
            quoted ^= *letter == '"';
            quoted || *letter != '>'
        });
        let tag: String = inside.collect();
        tag.split('"').step_by(2).map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn whatever_is_called_how_stays_text() {
    for name in NAMES {
        for (page, html) in pages(name) {
            assert!(
                !html.contains("<script>") && !html.contains("</textarea>") && !html.contains("<!--"),
                "{page}: {html}"
            );
            assert!(!unquoted(&html).contains("onmouseover"), "{page}: {html}");
            assert_eq!(html.matches("<script").count(), 1, "{page}: its own script alone");
            assert!(!html.contains(" style=") && !html.contains("javascript:"), "{page}");
        }
    }
}

#[test]
fn every_field_has_a_label_and_headings_come_in_order() {
    for (page, html) in pages("fill") {
        for input in html.split("<input ").skip(1).chain(html.split("<select ").skip(1)) {
            let tag = input.split('>').next().unwrap();
            if tag.contains("type=\"hidden\"") {
                continue;
            }
            let id = tag.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
            let id = id.unwrap_or_else(|| panic!("{page}: <{tag}> has no id"));
            assert!(
                html.contains(&format!("<label for=\"{id}\"")) || html.contains(&format!(" for=\"{id}\"")),
                "{page}: {id}"
            );
        }
        let levels: Vec<u32> = html
            .match_indices("<h")
            .filter_map(|(at, _)| html[at + 2..].chars().next().and_then(|level| level.to_digit(10)))
            .collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{page}: {levels:?}");
        for pair in levels.windows(2) {
            assert!(pair[1] <= pair[0] + 1, "{page}: a heading is left out: {levels:?}");
        }
        for landmark in ["<header", "<nav aria-label=\"Pages\"", "<main", "<footer", "lang=\"en\"", "<title>"]
        {
            assert!(html.contains(landmark), "{page}: {landmark}");
        }
        for image in html.split("role=\"img\"").skip(1) {
            assert!(image.starts_with(" aria-label=\"") && !image.starts_with(" aria-label=\"\""), "{page}");
        }
        let mut ids: Vec<&str> =
            html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(all, ids.len(), "{page}: an id is there twice");
    }
}

#[test]
fn what_another_session_runs_is_not_shown() {
    let told = "gave way to session 12 (payroll, user ann, active): UPDATE pay SET iban = 'AT61'";
    for state in [RunState::Running, RunState::Waiting] {
        let mut run = one_run("fill", state);
        run.standing.run.reason = Some(told.to_owned());
        run.standing.workers[0].doing = format!("waiting: {told}");
        run.holds[0].message = told.to_owned();
        run.events[0].event.message = told.to_owned();
        if state == RunState::Waiting {
            run.standing.workers.clear();
        }
        let view = view(&Key::Run(7), &Facts::Run(Box::new(run)), &Viewer::default());
        let html: String = view.parts.into_iter().map(|part| part.html.into_string()).collect();
        assert!(html.contains("gave way to session 12 (payroll, user ann, active)"), "{html}");
        assert!(!html.contains("iban"), "{html}");
    }
}

#[test]
fn who_may_only_look_sees_no_form() {
    let facts = Facts::Run(Box::new(one_run("fill", RunState::Running)));
    for key in [Key::Run(7), Key::Cancel(7)] {
        let view = view(&key, &facts, &Viewer::default());
        assert!(view.parts.iter().all(|part| !part.html.0.contains("<form")), "{key:?}");
    }
}

#[test]
fn only_what_is_possible_is_offered() {
    let offered = |state: RunState, at_work: bool| {
        let mut run = one_run("fill", state);
        run.standing.run.wish = Wish::default();
        if !at_work {
            run.standing.workers.clear();
        }
        let viewer = Viewer { mark: Some("mark".to_owned()), ..Viewer::default() };
        let html: String = view(&Key::Run(7), &Facts::Run(Box::new(run)), &viewer)
            .parts
            .into_iter()
            .map(|part| part.html.into_string())
            .collect();
        let acts = ["pause", "resume", "set", "cancel"];
        acts.into_iter().filter(|act| html.contains(&format!("act-{act}\""))).collect::<Vec<_>>()
    };
    assert_eq!(offered(RunState::Running, true), ["pause", "set", "cancel"]);
    assert_eq!(offered(RunState::Paused, false), ["resume", "set", "cancel"]);
    assert_eq!(offered(RunState::Failed, false), ["pause", "resume", "set", "cancel"]);
    assert!(offered(RunState::Done, false).is_empty());
}

/// The relative luminance of a colour (WCAG 2).
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let share = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_stands_out_in_light_and_in_dark() {
    let (light, rest) = assets::STYLES.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let palette = |styles: &str| -> BTreeMap<String, String> {
        let lines = styles
            .lines()
            .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": "));
        lines.map(|(name, colour)| (name.to_owned(), colour.to_owned())).collect()
    };
    let light = palette(light);
    let dark = palette(rest.split("\n}\n").next().unwrap());
    assert_eq!(light.keys().collect::<Vec<_>>(), dark.keys().collect::<Vec<_>>(), "both have every colour");
    // 4.5 for text (WCAG 2 AA), 3 for signs and lines.
    let pairs = [
        ("text", "ground", 4.5),
        ("text", "card", 4.5),
        ("quiet", "card", 4.5),
        ("quiet", "ground", 4.5),
        ("link", "card", 4.5),
        ("link", "ground", 4.5),
        ("bar-text", "bar", 4.5),
        ("bar-quiet", "bar", 4.5),
        ("go", "go-ground", 4.5),
        ("hold", "hold-ground", 4.5),
        ("stop", "stop-ground", 4.5),
        ("rest", "rest-ground", 4.5),
        ("work", "work-ground", 4.5),
        ("text", "go-ground", 4.5),
        ("text", "stop-ground", 4.5),
        ("button-text", "button", 4.5),
        ("danger-text", "danger", 4.5),
        ("cell-running-text", "cell-running", 4.5),
        ("cell-running-text", "cell-running-ground", 4.5),
        ("cell-done-text", "cell-done", 4.5),
        ("text", "cell", 4.5),
        ("text", "cell-begun", 4.5),
        ("focus", "card", 3.0),
        ("line0", "card", 3.0),
        ("line1", "card", 3.0),
        ("cell-done", "card", 3.0),
        ("stop", "card", 3.0),
    ];
    for (scheme, palette) in [("light", &light), ("dark", &dark)] {
        for (front, back, least) in pairs {
            let found = contrast(&palette[front], &palette[back]);
            assert!(
                found >= least,
                "{scheme}: {front} on {back} has a contrast of {found:.2}, and {least} is the least"
            );
        }
    }
}
