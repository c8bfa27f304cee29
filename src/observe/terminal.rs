//! Shows notices: on a terminal a bar with its state in words, elsewhere one line a change of state and one every
//! 30 seconds.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::Progress;
use crate::clock::Clock;
use crate::engine::{Done, Notice, Observer, Proof, ProvedGroups};
use crate::model::{Direction, Pass, human_count, human_duration};
use crate::plan::hours::Schedule;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// How often it is worked out when the work will be done by the clock.
const END_EVERY: Duration = Duration::from_secs(1);

/// How talkative to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Nothing but errors.
    Quiet,
    /// Changes of state.
    Normal,
    /// Every change of the batch size too.
    Verbose,
}

/// An observer that writes to stderr.
pub struct Terminal {
    clock: Clock,
    began: Instant,
    talk: Talk,
    bars: bool,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    progress: Option<Progress>,
    bar: Option<ProgressBar>,
    state: Option<String>,
    schedule: Schedule,
    /// When it will be done by the clock, as it was last worked out.
    end: (Duration, String),
    last_line: Duration,
}

impl Terminal {
    /// With `bars` where stderr is a terminal and bars are wanted.
    #[must_use]
    pub fn new(clock: &Clock, talk: Talk, bars: bool) -> Self {
        let began = clock.monotonic();
        Self { clock: clock.clone(), began, talk, bars: bars && talk != Talk::Quiet, shown: Mutex::default() }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic().saturating_duration_since(self.began)
    }

    fn line(&self, shown: &Shown, text: &str) {
        match &shown.bar {
            _ if self.talk == Talk::Quiet => {}
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    fn begin_pass(&self, shown: &mut Shown, progress: Progress) {
        finish(shown);
        if self.bars {
            shown.bar = Some(bar(&progress));
        } else {
            let text = match progress.seen() {
                0 => format!("{}: about {} rows to pass", progress.pass(), human_count(progress.total())),
                _ => format!("{}: {}", progress.pass(), progress.describe()),
            };
            self.line(shown, &text);
        }
        shown.last_line = self.now();
        shown.progress = Some(progress);
        self.draw(shown);
    }

    fn batch(&self, shown: &mut Shown, seen: u64, changed: u64) {
        let now = self.now();
        let Some(progress) = &mut shown.progress else { return };
        progress.batch(seen, changed, now);
        if shown.state.as_deref() != Some(STOPPING) {
            shown.state = None;
        }
        if shown.bar.is_none() && now.saturating_sub(shown.last_line) >= LINE_EVERY {
            let end = end(progress, &shown.schedule, self.clock.wall());
            let text = format!("{} {} %: {}{end}", progress.pass(), progress.percent(), progress.describe());
            shown.last_line = now;
            self.line(shown, &text);
        }
        self.draw(shown);
    }

    fn draw(&self, shown: &mut Shown) {
        let now = self.now();
        // Not for each batch: it goes through every night there will be.
        if let Some(progress) = &shown.progress
            && now.saturating_sub(shown.end.0) >= END_EVERY
        {
            shown.end = (now, end(progress, &shown.schedule, self.clock.wall()));
        }
        let (Some(bar), Some(progress)) = (&shown.bar, &shown.progress) else { return };
        bar.set_length(progress.total().max(1));
        bar.set_position(progress.seen());
        let state = shown.state.as_deref().unwrap_or("running");
        bar.set_prefix(format!("{} {:>2} %", progress.pass(), progress.percent()));
        // What matters most comes first: a narrow terminal cuts the end off.
        bar.set_message(format!(
            "{state}, {}{}, {}, {} of ~{}",
            progress.left(),
            shown.end.1,
            progress.rate(),
            human_count(progress.seen()),
            human_count(progress.total()),
        ));
    }

    fn state(&self, shown: &mut Shown, state: String) {
        if shown.state.as_ref() != Some(&state) {
            if shown.bar.is_none() {
                self.line(shown, &state);
            }
            shown.state = Some(state);
            self.draw(shown);
        }
    }
}

const STOPPING: &str = "stopping";

/// Characters of a statement that are shown.
const STATEMENT: usize = 100;

fn doing(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applying",
        Direction::Down => "undoing",
    }
}

impl Observer for Terminal {
    fn notice(&self, notice: Notice) {
        let mut shown = self.shown.lock().expect("no holder of this lock can panic");
        let shown = &mut *shown;
        match notice {
            Notice::Started { run, job, table, key } => {
                self.line(shown, &format!("run {run} of {job} begins on {table}, by key {key}"));
            }
            Notice::Resumed { run, job, left, pass, checkpoint, done } => {
                let from = match checkpoint {
                    Some(checkpoint) => format!("after {checkpoint}"),
                    // In the middle of its first window.
                    None if done.rows_seen > 0 => "where it was".to_owned(),
                    None => "from the beginning".to_owned(),
                };
                let changed = human_count(done.rows_changed);
                self.line(shown, &format!("run {run} of {job}: {left}; {changed} rows were changed before"));
                self.line(shown, &format!("the {pass} goes on {from}"));
            }
            Notice::Watching { who } => {
                self.line(shown, &format!("{who} seems to run this job; looking whether it is alive"));
            }
            Notice::Pass { pass, done, expected } => {
                self.begin_pass(shown, Progress::new(pass, done, expected, self.now()));
            }
            Notice::Batch(done) => self.batch(shown, done.seen, done.changed),
            Notice::Walking { how } => self.line(shown, &format!("walking {how}")),
            Notice::Vacuuming => {
                self.line(shown, "many rows had to move: a VACUUM of the table runs beside the batches");
            }
            Notice::Resized { reason } if self.talk == Talk::Verbose => self.line(shown, &reason),
            Notice::Resized { .. }
            | Notice::Claimed { .. }
            | Notice::Rested { .. }
            | Notice::Blocks { .. }
            | Notice::Signals { .. }
            | Notice::Trouble { .. } => {}
            Notice::Waiting { reason } => self.state(shown, format!("waiting: {reason}")),
            Notice::Held { reasons, .. } => {
                let now = self.now();
                if let Some(progress) = &mut shown.progress {
                    progress.hold(now);
                }
                self.state(shown, format!("held: {}", reasons.join("; ")));
            }
            Notice::GoesOn => {
                let now = self.now();
                if let Some(progress) = &mut shown.progress {
                    progress.go_on(now);
                }
                self.state(shown, "goes on".to_owned());
            }
            Notice::Hours { schedule } => shown.schedule = schedule,
            Notice::Joined { run, job } => {
                self.line(shown, &format!("run {run} of {job}: working beside those who have it"));
            }
            Notice::Stopping { how } => {
                self.line(shown, how);
                shown.state = Some(STOPPING.to_owned());
                self.draw(shown);
            }
            Notice::PassDone { pass, totals } => {
                finish(shown);
                let (seen, changed) = (human_count(totals.rows_seen), human_count(totals.rows_changed));
                let found = if pass == Pass::BACKFILL { "changed" } else { "found and done" };
                self.line(shown, &format!("{pass} is through: {seen} rows passed, {changed} {found}"));
            }
            Notice::Proving => self.line(shown, "taking the proof: rows left and totals, in one snapshot"),
            Notice::Proved { proof } => proved(&proof).iter().for_each(|line| self.line(shown, line)),
            Notice::Applying { revision, direction } => {
                self.line(shown, &format!("{} {revision}", doing(direction)));
            }
            Notice::Applied { revision, direction, done, took } => {
                let text = match (done, direction) {
                    (Done::Now, Direction::Up) => format!("applied  {revision} in {}", human_duration(took)),
                    (Done::Now, Direction::Down) => format!("undone  {revision} in {}", human_duration(took)),
                    (Done::Before, Direction::Up) => format!("{revision} was applied already"),
                    (Done::Before, Direction::Down) => format!("{revision} was undone already"),
                    (Done::Skipped, _) => format!("passed over {revision}: its condition doesn't hold"),
                };
                self.line(shown, &text);
            }
            Notice::Statement { number, of, sql } => {
                let words: Vec<&str> = sql.split_whitespace().collect();
                let short: String = words.join(" ").chars().take(STATEMENT).collect();
                self.line(shown, &format!("  {number} of {of}: {short}"));
            }
            Notice::Compared { how } => self.line(shown, &how),
            Notice::Repairing { reason } | Notice::Rescaled { reason } | Notice::Safeguard { reason } => {
                self.line(shown, &reason);
            }
            Notice::Alerted { text, .. } => self.line(shown, &format!("alert: {text}")),
            Notice::Quarantined { message: reason, .. } | Notice::Warning { reason } => {
                self.line(shown, &format!("warning: {reason}"));
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(shown) = self.shown.get_mut() {
            finish(shown);
        }
    }
}

/// When it will be done by the clock, where the hours make that another question than how long it takes.
fn end(progress: &Progress, schedule: &Schedule, now: Timestamp) -> String {
    let Some(left) = progress.time_left().filter(|_| !schedule.is_empty()) else { return String::new() };
    match schedule.describe_finish(now, left) {
        Some(end) => format!(", done {end}"),
        None => ", not within the hours it has".to_owned(),
    }
}

fn finish(shown: &mut Shown) {
    if let Some(bar) = shown.bar.take() {
        bar.finish_and_clear();
    }
    shown.progress = None;
    shown.state = None;
}

fn bar(progress: &Progress) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} [{bar:16}] {wide_msg}")
        .expect("the template is a constant that parses")
        .progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(progress.total().max(1)), ProgressDrawTarget::stderr());
    bar.with_style(style)
}

fn say(text: &str) {
    // A closed stderr is no reason to stop the work.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What was proved, a line each.
fn proved(proof: &Proof) -> Vec<String> {
    let rows = human_count(proof.rows.unsigned_abs());
    let mut lines = vec![format!("proved: of {rows} rows none is left")];
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
    lines.extend(
        proof
            .totals
            .iter()
            .map(|total| format!("proved: {} = {} = {}", total.left, total.right, value(&total.left_value))),
    );
    lines.extend(proof.before.iter().flat_map(|before| &before.totals).map(|total| {
        let (left, right) = (value(&total.left_value), value(&total.right_value));
        format!("before the run {} was {left}, {} was {right}", total.left, total.right)
    }));
    let by =
        |groups: &ProvedGroups| format!("proved: the same by {}, in {} groups", groups.by, groups.groups);
    lines.extend(proof.groups.iter().map(by));
    lines
}
