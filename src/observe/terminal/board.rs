//! What is known of the work at hand, and the lines that show it. No output here.

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

use super::crew::Workers;
use crate::engine::Notice;
use crate::model::{Pass, RunId, human_count, human_duration, shortened};
use crate::observe::Progress;
use crate::observe::fit::{Line, Span, Tone, clean, cut, flow, width};
use crate::observe::progress::whole;
use crate::plan::hours::Schedule;

/// How often it is worked out when the work will be done by the clock: it goes through every night there will be.
const END_EVERY: Duration = Duration::from_secs(1);

/// For how long those that a batch kept waiting are shown after they were seen last.
const BLOCKED_FOR: Duration = Duration::from_secs(3);

/// A statement that is through by then is shown only then.
const BRIEF: Duration = Duration::from_millis(300);

/// Cells of the bar.
const BAR: usize = 16;

/// The widest that a job's name is shown in front of its bar.
const NAME: usize = 28;

/// The process's time and the clock's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Since the process began.
    pub(super) time: Duration,
    pub(super) wall: Timestamp,
}

/// How the run in hand stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Batches are done.
    #[default]
    Running,
    /// Something holds it, in words, since then.
    Held(String, Since),
    /// Nothing is done for a while, and why.
    Waiting(String, Since),
    /// The operator's stop was heard.
    Stopping,
    /// The proof is being taken.
    Proving(Since),
}

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since {
    time: Duration,
    wall: Timestamp,
}

/// A statement of a revision that is at work.
#[derive(Debug)]
struct Statement {
    place: String,
    sql: String,
    since: Duration,
    doing: String,
}

/// What is shown of a process's work.
#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) run: Option<RunId>,
    pub(super) job: String,
    pub(super) progress: Option<Progress>,
    pub(super) state: State,
    schedule: Schedule,
    /// When it will be done by the clock, as it was last worked out.
    end: Option<(Duration, String)>,
    workers: Workers,
    blocked: Option<(Duration, String)>,
    statement: Option<Statement>,
}

impl Board {
    /// Takes note of what happened.
    pub(super) fn take(&mut self, notice: &Notice, now: Now) {
        self.workers.take(notice, now.time);
        match notice {
            Notice::Started { run, job, .. }
            | Notice::Resumed { run, job, .. }
            | Notice::Joined { run, job } => {
                self.run = Some(*run);
                self.job.clone_from(job);
            }
            Notice::Pass { pass, done, expected } => {
                self.leave();
                self.progress = Some(Progress::new(*pass, *done, *expected, now.time));
            }
            Notice::Batch(done) => self.batch((done.seen, done.changed), now),
            Notice::Together { pass, totals } => {
                if let Some(progress) = self.progress.as_mut().filter(|progress| progress.pass() == *pass) {
                    progress.catch_up(totals.rows_seen, now.time);
                }
            }
            Notice::Blocks { sessions, longest, who } => self.blocked(*sessions, *longest, who, now),
            Notice::Waiting { reason } => self.enter(State::Waiting(reason.clone(), now.since())),
            Notice::Held { reasons, .. } => {
                if let Some(progress) = &mut self.progress {
                    progress.hold(now.time);
                }
                let since = match self.state {
                    State::Held(_, since) => since,
                    _ => now.since(),
                };
                self.enter(State::Held(reasons.join("; "), since));
            }
            Notice::GoesOn => {
                if let Some(progress) = &mut self.progress {
                    progress.go_on(now.time);
                }
                self.enter(State::Running);
            }
            Notice::Hours { schedule } => self.schedule = schedule.clone(),
            Notice::Stopping { .. } => self.state = State::Stopping,
            Notice::PassDone { .. } => self.leave(),
            Notice::Proving => self.state = State::Proving(now.since()),
            Notice::Proved { .. } => self.state = State::Running,
            Notice::Applying { .. } | Notice::Applied { .. } | Notice::StatementDone { .. } => {
                self.statement = None;
                self.enter(State::Running);
            }
            Notice::Statement { number, of, sql } => {
                let place = format!("{number} of {of}");
                self.statement =
                    Some(Statement { place, sql: sql.clone(), since: now.time, doing: String::new() });
            }
            Notice::StatementDoing { what } => {
                if let Some(statement) = &mut self.statement {
                    statement.doing.clone_from(what);
                    self.enter(State::Running);
                }
            }
            _ => {}
        }
    }

    /// The run is left: nothing of it is shown any more.
    pub(super) fn leave(&mut self) {
        self.progress = None;
        self.state = State::Running;
        self.end = None;
        self.blocked = None;
        self.workers.clear();
    }

    fn enter(&mut self, state: State) {
        if self.state != State::Stopping {
            self.state = state;
        }
    }

    fn batch(&mut self, (seen, changed): (u64, u64), now: Now) {
        if let Some(progress) = &mut self.progress {
            progress.batch(seen, changed, now.time);
        }
        // One that was at work when the hold began ends it as little as another worker's wait.
        if matches!(self.state, State::Waiting(..)) {
            self.state = State::Running;
        }
    }

    fn blocked(&mut self, sessions: u32, longest: Duration, who: &str, now: Now) {
        let wait = if sessions == 1 { "session waits" } else { "sessions wait" };
        let longest = human_duration(longest);
        self.blocked = Some((
            now.time,
            format!("{sessions} {wait} for a batch of ours, the longest for {longest}: {who}"),
        ));
    }

    /// When it will be done by the clock, with a comma in front, where the hours make that another question than how long
    /// it takes.
    pub(super) fn end(&mut self, now: Now) -> String {
        let Some(progress) = &self.progress else { return String::new() };
        if let Some((at, end)) = &self.end
            && now.time.saturating_sub(*at) < END_EVERY
        {
            return end.clone();
        }
        let end = match progress.time_left().filter(|_| !self.schedule.is_empty()) {
            None => String::new(),
            Some(left) => match self.schedule.describe_finish(now.wall, left) {
                Some(end) => format!(", done {end}"),
                None => ", not within the hours it has".to_owned(),
            },
        };
        self.end = Some((now.time, end.clone()));
        end
    }

    /// The state in words, with its reason and since when.
    pub(super) fn state_words(&self, now: Now) -> (Tone, String) {
        let since = |since: &Since| {
            let clock = since.wall.to_zoned(self.schedule.zone()).strftime("%H:%M").to_string();
            let time = Duration::from_secs(now.time.saturating_sub(since.time).as_secs());
            match time.as_secs() {
                0..60 => format!("for {} s", time.as_secs()),
                _ => format!("for {} since {clock}", human_duration(time)),
            }
        };
        match &self.state {
            State::Running => (Tone::Good, "running".to_owned()),
            State::Held(reasons, from) => (Tone::Held, format!("held {}: {reasons}", since(from))),
            State::Waiting(reason, from) => (Tone::Held, format!("waiting {}: {reason}", since(from))),
            State::Stopping => (Tone::Held, "stopping".to_owned()),
            State::Proving(from) => {
                (Tone::Good, format!("taking the proof {}: rows left and totals", since(from)))
            }
        }
    }

    /// The lines for a terminal of this size; none when there is nothing to show.
    pub(super) fn lines(&mut self, (cells, rows): (usize, usize), now: Now) -> Vec<Line> {
        let most = rows.saturating_sub(1).max(1);
        // What is printed last stays on the screen, and so the last column stays free.
        let cells = cells.saturating_sub(1).max(1);
        let mut lines = self.head(cells, most.min(4), now);
        if let Some((at, told)) = &self.blocked
            && now.time.saturating_sub(*at) < BLOCKED_FOR
            && lines.len() < most
        {
            lines.push(vec![Span::plain("  "), Span::new(Tone::Bad, told.clone())]);
        }
        if self.progress.is_some() {
            lines.extend(self.workers.lines(now.time, cells, most - lines.len()));
        }
        lines.truncate(most);
        lines
    }

    fn head(&mut self, cells: usize, most: usize, now: Now) -> Vec<Line> {
        let end = self.end(now);
        let (tone, state) = self.state_words(now);
        let state = Span::new(tone, state);
        let Some(progress) = &self.progress else {
            return match (&self.statement, &self.state) {
                (Some(statement), of_it) if now.time.saturating_sub(statement.since) >= BRIEF => {
                    let mut lines = vec![statement.line(cells, now.time)];
                    if matches!(of_it, State::Waiting(..)) {
                        lines.extend(flow(Vec::new(), vec![state], cells, most.saturating_sub(1)));
                    }
                    lines
                }
                (None, State::Waiting(..) | State::Proving(_)) => {
                    flow(vec![Span::plain(self.name(cells))], vec![state], cells, most)
                }
                _ => Vec::new(),
            };
        };
        let (name, percent) = (self.name(cells), progress.percent());
        let pass = if cells < 60 && progress.pass() == Pass::BACKFILL {
            String::new()
        } else {
            format!("{} ", progress.pass())
        };
        let gap = if name.is_empty() { "" } else { " " };
        let mut head = vec![Span::plain(format!("{name}{gap}{pass}{percent:>2} %"))];
        if cells >= 60 {
            head.push(Span::plain(format!(" [{}]", bar(percent))));
        }
        let overall = match progress.rates() {
            (Some(_), Some(overall)) => format!(" ({} overall)", whole(overall)),
            _ => String::new(),
        };
        let (seen, total) = (human_count(progress.seen()), human_count(progress.total()));
        let parts = vec![
            state,
            Span::plain(format!("{}{end}", progress.left())),
            Span::plain(format!("{}{overall}", progress.rate())),
            Span::plain(format!("{seen} of about {total} rows")),
        ];
        flow(head, parts, cells, most)
    }

    fn name(&self, cells: usize) -> String {
        cut(&clean(&self.job), NAME.min(cells / 3))
    }

    /// The statement at work, where there is one: for a line now and then.
    pub(super) fn statement(&self, now: Duration) -> Option<(Duration, String)> {
        let statement = self.statement.as_ref()?;
        let time = now.saturating_sub(statement.since);
        let doing = if statement.doing.is_empty() { "" } else { ", " };
        Some((
            time,
            format!(
                "  {}  {}  {}{doing}{}, and goes on",
                statement.place,
                shortened(&statement.sql, super::words::STATEMENT),
                human_duration(time),
                statement.doing
            ),
        ))
    }
}

impl Statement {
    /// `  2 of 5  CREATE INDEX …  12 s, building index: scanning table, 45 %`.
    fn line(&self, cells: usize, now: Duration) -> Line {
        let time = Duration::from_secs(now.saturating_sub(self.since).as_secs());
        let time = if time.as_secs() < 60 { format!("{} s", time.as_secs()) } else { human_duration(time) };
        let doing = cut(&clean(&self.doing), cells * 2 / 3);
        let taken = 2 + width(&self.place) + 2 + 2 + width(&time) + 2 + width(&doing);
        let sql = cut(&shortened(&clean(&self.sql), 400), cells.saturating_sub(taken).max(12));
        let tone = if doing.starts_with("waits") { Tone::Held } else { Tone::Plain };
        let joint = if doing.is_empty() { "" } else { ", " };
        vec![Span::plain(format!("  {}  {sql}  {time}{joint}", self.place)), Span::new(tone, doing)]
    }
}

impl Now {
    fn since(self) -> Since {
        Since { time: self.time, wall: self.wall }
    }
}

fn bar(percent: u64) -> String {
    let done = usize::try_from(percent).unwrap_or(100) * BAR / 100;
    let head = usize::from(done < BAR);
    format!("{}{}{}", "=".repeat(done), ">".repeat(head), " ".repeat(BAR - done - head))
}
