use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::keys::{Action, Effect, Key, Order};
use super::model::{Link, Model};
use super::snapshot::{EventView, RunView, Snapshot};
use super::{draw, pace};
use crate::engine::RowLimits;
use crate::model::{RunId, RunState};
use crate::plan::control::Command;

fn run(id: i64, name: &str, state: RunState) -> RunView {
    RunView {
        run: RunId(id),
        job: name.to_owned(),
        name: name.to_owned(),
        table: "payroll.entries".to_owned(),
        state,
        words: state.to_string(),
        at_work: state == RunState::Running,
        facts: vec![
            ("hours", "open until tomorrow 05:00".to_owned()),
            ("changed", "4,512,000 rows in 9,024 batches".to_owned()),
        ],
        pass: "backfill".to_owned(),
        percent: (!state.is_final()).then_some(45),
        left: (state == RunState::Running).then(|| "2 to 3 h left, done tomorrow 01:10 to 02:00".to_owned()),
        rates: (state == RunState::Running).then(|| "48,200 rows/s (45,010 since it began)".to_owned()),
        rows: "4,512,000 of about 10,000,000 rows".to_owned(),
        hold: None,
        blocked: Vec::new(),
        processes: vec!["2 on db1 (process 811, anna), 48,200 rows/s, working".to_owned()],
        limits: RowLimits::default(),
        rate: Some(48_200.0),
        workers: 2,
    }
}

/// Runs with all that can be the matter with them, and names from anywhere.
fn model() -> Model {
    let mut held = run(2, "<script>alert('给与 😀')</script> \u{202e}\x1b[31m", RunState::Running);
    held.hold = Some("held: replica lag 7.2 s > 5 s, since 22:05:10".to_owned());
    let mut slow = run(1, "gross_amount", RunState::Running);
    slow.blocked = vec![
        "session 4711 (psql, user app, active): UPDATE payroll.entries has waited 120 ms for a batch"
            .to_owned(),
    ];
    slow.facts.insert(0, ("quarantine", "3 held, 0 dropped".to_owned()));
    let mut interrupted = run(3, &"a_name_without_end_".repeat(12), RunState::Running);
    interrupted.words = "interrupted while running: no process is at work, run it again to go on".to_owned();
    interrupted.at_work = false;
    let mut model = Model::new("payroll on db1.example.org:5432");
    model.update(Snapshot {
        at: "22:07:31".to_owned(),
        runs: vec![
            slow,
            held,
            interrupted,
            run(4, "net", RunState::Done),
            run(5, "tax", RunState::Cancelled),
        ],
        events: vec![
            EventView {
                run: Some(1),
                text: "22:06:00  anna on db1: a batch gave way to session 4711".to_owned(),
            },
            EventView { run: Some(2), text: "22:05:10  anna on db1: held by replica lag".to_owned() },
            EventView { run: None, text: "22:00:00  ben on db2: revision 3f9a was applied".to_owned() },
        ],
    });
    model
}

fn drawn(model: &Model, (cells, rows): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(cells, rows)).unwrap();
    terminal.draw(|frame| draw(frame, model, true)).unwrap();
    terminal.backend().to_string()
}

fn typed(model: &mut Model, text: &str) -> Effect {
    text.chars().map(|c| model.key(if c == '\n' { Key::Enter } else { Key::Char(c) })).last().unwrap()
}

#[test]
fn it_fits_80_by_24() {
    insta::assert_snapshot!(drawn(&model(), (80, 24)));
}

#[test]
fn it_uses_160_by_50() {
    let mut model = model();
    model.key_or_fail(Key::Char('j'));
    model.key_or_fail(Key::Char('f'));
    insta::assert_snapshot!(drawn(&model, (160, 50)));
}

#[test]
fn it_says_what_matters_in_40_by_12() {
    insta::assert_snapshot!(drawn(&model(), (40, 12)));
}

#[test]
fn a_question_and_a_lost_connection_are_shown_in_40_by_12() {
    let mut model = model();
    let _ = typed(&mut model, "ppayroll run of December, since the auditors asked for it");
    let time = std::time::Duration::from_secs(7);
    model.link = Link::Lost { why: "connection closed".to_owned(), time };
    insta::assert_snapshot!(drawn(&model, (40, 12)));
}

#[test]
fn nothing_is_too_small_and_nothing_there_is_said() {
    for cells in 1..12 {
        for rows in 1..6 {
            let _ = drawn(&model(), (cells, rows));
        }
    }
    let mut empty = Model::new("payroll on db1");
    assert!(drawn(&empty, (80, 24)).contains("connecting"));
    empty.update(Snapshot::default());
    assert!(drawn(&empty, (80, 24)).contains("no job has been run on this database"));
    assert_eq!(empty.key(Key::Char('p')), Effect::Draw);
    assert!(drawn(&empty, (80, 24)).contains("there is no run to do that to"));
}

#[test]
fn help_names_every_key_and_any_key_goes_back() {
    let mut model = model();
    model.key_or_fail(Key::Char('?'));
    assert!(drawn(&model, (80, 24)).contains("cancel it for good"));
    model.key_or_fail(Key::Char('c'));
    assert!(drawn(&model, (80, 24)).contains("gross_amount"));
}

fn action(order: Order, why: Option<&str>) -> Effect {
    let (job, name) = ("gross_amount".to_owned(), "gross_amount".to_owned());
    Effect::Do(Action { run: RunId(1), job, name, order, why: why.map(str::to_owned) })
}

#[test]
fn a_pause_asks_for_a_reason_and_isnt_carried_out_without_one() {
    let mut model = model();
    assert_eq!(typed(&mut model, "p\n"), Effect::Draw);
    assert_eq!(typed(&mut model, "  \n"), Effect::Draw);
    let pause = action(Order::Command(Command::Pause), Some("payroll run"));
    assert_eq!(typed(&mut model, "payroll run\n"), pause);
    let _ = typed(&mut model, "pno");
    assert_eq!(model.key(Key::Escape), Effect::Draw);
    assert_eq!(model.key(Key::Char('q')), Effect::Quit);
}

#[test]
fn a_cancel_wants_yes_or_the_name_and_then_a_reason() {
    let cancel = |why| action(Order::Command(Command::Cancel), Some(why));
    assert_eq!(typed(&mut model(), "cy\nwrong table\n"), cancel("wrong table"));
    assert_eq!(typed(&mut model(), "cgross_amount\nwrong table\n"), cancel("wrong table"));
    let mut model = model();
    assert_eq!(typed(&mut model, "cn\n"), Effect::Draw);
    assert_eq!(typed(&mut model, "wrong table\n"), Effect::Draw);
}

#[test]
fn a_setting_is_typed_and_resume_is_one_key() {
    let set = action(Order::Set("workers=2".to_owned()), Some("night"));
    assert_eq!(typed(&mut model(), "sworkers=2\nnight\n"), set);
    assert_eq!(typed(&mut model(), "r"), action(Order::Command(Command::Resume), None));
}

#[test]
fn faster_and_slower_change_the_rate_where_one_is_limited() {
    let with =
        |own, outer| RunView { limits: RowLimits { own, outer }, ..run(1, "gross", RunState::Running) };
    let (free, limited, below) = (with(None, None), with(Some(3000), None), with(Some(3000), Some(4000)));
    assert_eq!(pace::slower(&free), Ok("rows_per_second=32133".to_owned()));
    assert_eq!(pace::faster(&free), Ok("workers=3".to_owned()));
    assert_eq!(pace::slower(&limited), Ok("rows_per_second=2000".to_owned()));
    assert_eq!(pace::faster(&limited), Ok("rows_per_second=4500".to_owned()));
    assert_eq!(pace::faster(&below), Ok("rows_per_second=4000".to_owned()));
    assert!(pace::faster(&with(Some(4000), Some(4000))).unwrap_err().contains("no more than 4000"));
    assert!(pace::faster(&with(None, Some(4000))).unwrap_err().contains("no more than 4000"));
    assert!(pace::slower(&with(Some(1), None)).is_err());
    assert!(pace::slower(&RunView { rate: None, ..free.clone() }).is_err());
    assert!(pace::faster(&RunView { workers: 0, ..free }).is_err());
}

#[test]
fn the_choice_stays_with_its_run_until_that_is_over() {
    let mut model = model();
    model.key_or_fail(Key::Down);
    assert_eq!(model.chosen().unwrap().run, RunId(2));
    let mut snapshot = model.snapshot.clone();
    snapshot.runs.swap(0, 1);
    model.update(snapshot.clone());
    assert_eq!(model.chosen().unwrap().run, RunId(2));
    snapshot.runs[0].state = RunState::Done;
    model.update(snapshot);
    assert_eq!(model.chosen().unwrap().run, RunId(1));
    model.key_or_fail(Key::Up);
    assert_eq!(model.chosen().unwrap().run, RunId(1));
}

#[test]
fn while_the_connection_is_lost_no_command_is_begun() {
    let mut model = model();
    model.link = Link::Lost { why: "gone".to_owned(), time: std::time::Duration::ZERO };
    assert_eq!(model.key(Key::Char('r')), Effect::Draw);
    assert!(model.said.unwrap().contains("not to be read"));
}

impl Model {
    /// A key that only changes what is drawn.
    fn key_or_fail(&mut self, key: Key) {
        assert_eq!(self.key(key), Effect::Draw);
    }
}
