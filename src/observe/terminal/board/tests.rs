//! What a terminal of some size shows of some notices.

use super::*;
use crate::engine::BatchDone;
use crate::model::RangeId;
use crate::observe::fit::text_of;
use crate::store::{PassTotals, Waits};

fn at(seconds: u64) -> Now {
    let time = Duration::from_secs(seconds);
    Now { time, wall: Timestamp::from_second(1_795_730_700).unwrap() + time }
}

fn started(job: &str) -> Board {
    let mut board = Board::default();
    let (table, key) = ("payroll.entries".to_owned(), "id".to_owned());
    board.take(&Notice::Started { run: RunId(3), job: job.to_owned(), table, key }, at(0));
    board.take(
        &Notice::Pass { pass: Pass::BACKFILL, done: PassTotals::default(), expected: 1_000_000 },
        at(0),
    );
    for second in 1..=20 {
        for worker in 0..3 {
            board.take(&batch(worker), at(second));
        }
    }
    board
}

fn batch(worker: u32) -> Notice {
    let range = RangeId(i64::from(worker) + 1);
    Notice::Batch(BatchDone {
        worker,
        range,
        seen: 5000,
        changed: 5000,
        hot: None,
        wal_bytes: 0,
        took: Duration::from_millis(210),
        waits: Waits::default(),
    })
}

fn shown(board: &mut Board, size: (usize, usize), now: Now) -> Vec<String> {
    let lines: Vec<String> = board.lines(size, now).iter().map(text_of).collect();
    // Those who draw cut what others wrote; what is laid out here fits by itself.
    assert!(lines[..1].iter().all(|line| width(line) < size.0), "{lines:#?}");
    assert!(lines.len() < size.1, "{lines:#?}");
    lines
}

#[test]
fn a_run_has_one_bar_and_each_worker_a_line() {
    let mut board = started("gross_amount");
    board.take(&Notice::WorkerDoes { worker: 1, what: "waits for a lock of session 7".to_owned() }, at(20));
    assert_eq!(
        shown(&mut board, (160, 50), at(20)),
        [
            "gross_amount backfill 30 % [====>           ] running, 40 to 50 s left, 15,000 rows/s (15,000 overall), 300,000 of about 1,000,000 rows",
            "  worker 1    5,500 rows/s  batch 210 ms    working",
            "  worker 2    5,500 rows/s  batch 210 ms    waits for a lock of session 7",
            "  worker 3    5,500 rows/s  batch 210 ms    working",
        ]
    );
    assert_eq!(
        shown(&mut board, (80, 24), at(20))[..2],
        [
            "gross_amount backfill 30 % [====>           ] running, 40 to 50 s left",
            "  15,000 rows/s (15,000 overall), 300,000 of about 1,000,000 rows",
        ]
    );
    assert_eq!(
        shown(&mut board, (40, 12), at(20))[..3],
        ["gross_amount 30 % running", "  40 to 50 s left", "  15,000 rows/s (15,000 overall)",]
    );
}

#[test]
fn where_the_terminal_is_too_low_workers_share_a_line() {
    let mut board = started("gross_amount");
    board.take(&Notice::WorkerDoes { worker: 1, what: "gave way to session 7".to_owned() }, at(20));
    let lines = shown(&mut board, (80, 5), at(20));
    assert_eq!(lines[2..], ["  3 workers, 2 working, 16,500 rows/s, one gave way to session 7"]);
    shown(&mut board, (80, 2), at(20));
}

#[test]
fn what_holds_it_is_said_with_since_when_and_who_is_blocked_for_a_while() {
    let mut board = started("名前 \"x\" <b>\x1b[31m");
    let (signals, reasons) = (vec!["replica lag".to_owned()], vec!["replica lag 7.2 s > 5 s".to_owned()]);
    board.take(&Notice::Held { signals, reasons }, at(20));
    let (sessions, longest) = (2, Duration::from_millis(340));
    board.take(&Notice::Blocks { sessions, longest, who: "session 4711 (psql)".to_owned() }, at(219));
    let lines = shown(&mut board, (100, 24), at(220));
    assert!(lines[0].starts_with("名前 \"x\" <b> [31m backfill 30 % "), "{}", lines[0]);
    assert!(lines[1].contains("held for 3 min 20 s since "), "{}", lines[1]);
    assert!(lines[1].contains("replica lag 7.2 s > 5 s"), "{}", lines[1]);
    let blocked = "  2 sessions wait for a batch of ours, the longest for 340 ms: session 4711 (psql)";
    assert!(lines.iter().any(|line| line == blocked), "{lines:#?}");
    assert!(!shown(&mut board, (100, 24), at(230)).iter().any(|line| line == blocked));
}

#[test]
fn what_other_processes_do_of_the_pass_counts() {
    let mut board = started("gross_amount");
    let totals = PassTotals { rows_seen: 600_000, ..PassTotals::default() };
    board.take(&Notice::Together { pass: Pass::BACKFILL, totals }, at(21));
    let lines = shown(&mut board, (160, 24), at(21));
    assert!(lines[0].contains(" 60 % ") && lines[0].contains("600,000 of about"), "{}", lines[0]);
}

#[test]
fn a_statement_at_work_has_a_line_with_its_time_and_what_it_waits_for() {
    let mut board = Board::default();
    let sql =
        "CREATE INDEX CONCURRENTLY entries_gross_amount_paid ON payroll.entries (gross_amount, paid_at)";
    board.take(&Notice::Statement { number: 2, of: 5, sql: sql.to_owned() }, at(0));
    assert!(board.lines((80, 24), at(0)).is_empty());
    board.take(&Notice::StatementDoing { what: "waits for a lock of psql (pid 4711)".to_owned() }, at(9));
    let lines = shown(&mut board, (80, 24), at(75));
    assert_eq!(lines, ["  2 of 5  CREATE INDEX CONCUR…  1 min 15 s, waits for a lock of psql (pid 4711)"]);
}
