//! The workers of this process, a line each.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::fit::{Line, Span, Tone, width};
use super::super::progress::whole;
use crate::engine::{BatchDone, Notice};
use crate::model::{RangeId, counted, human_duration};

/// How far back a worker's rate reaches.
const WINDOW: Duration = Duration::from_secs(10);

/// What it does while nothing else is known.
const WORKING: &str = "working";

/// What one worker does.
#[derive(Debug)]
pub(super) struct Worker {
    /// Its range, and where that ends.
    range: Option<(RangeId, String)>,
    doing: String,
    batch: Option<Duration>,
    /// Keys passed, by the second.
    passed: VecDeque<(u64, u64)>,
    since: Duration,
}

/// All of them, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Workers(BTreeMap<u32, Worker>);

impl Workers {
    /// Another pass, another run, or none.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes note of what concerns a worker.
    pub(super) fn take(&mut self, notice: &Notice, now: Duration) {
        match notice {
            Notice::Claimed { worker, range, to, .. } => {
                let worker = self.worker(*worker, now);
                worker.range = Some((*range, to.clone()));
                WORKING.clone_into(&mut worker.doing);
            }
            Notice::Rested { worker } => {
                let worker = self.worker(*worker, now);
                worker.range = None;
                "rests: fewer are wanted".clone_into(&mut worker.doing);
            }
            Notice::WorkerDoes { worker, what } => self.worker(*worker, now).doing.clone_from(what),
            Notice::Batch(done) => self.worker(done.worker, now).batch(done, now),
            _ => {}
        }
    }

    fn worker(&mut self, number: u32, now: Duration) -> &mut Worker {
        self.0.entry(number).or_insert_with(|| Worker {
            range: None,
            doing: WORKING.to_owned(),
            batch: None,
            passed: VecDeque::new(),
            since: now,
        })
    }

    /// A line each; where there is no room for so many, one for all.
    pub(super) fn lines(&self, now: Duration, cells: usize, most: usize) -> Vec<Line> {
        if self.0.len() <= most {
            return self.0.iter().map(|(number, worker)| worker.line(*number, now, cells)).collect();
        }
        if most == 0 { Vec::new() } else { vec![self.folded(now)] }
    }

    fn folded(&self, now: Duration) -> Line {
        let working = self.0.values().filter(|worker| worker.doing == WORKING).count();
        let rate: f64 = self.0.values().map(|worker| worker.rate(now)).sum();
        let others: Vec<&str> =
            self.0.values().map(|w| w.doing.as_str()).filter(|doing| *doing != WORKING).collect();
        let mut line = vec![Span::plain(format!(
            "  {}, {working} working, {} rows/s",
            counted(self.0.len(), "worker"),
            whole(rate)
        ))];
        if let Some(first) = others.first() {
            line.push(Span::new(Tone::Held, format!(", one {first}")));
        }
        line
    }
}

impl Worker {
    fn batch(&mut self, done: &BatchDone, now: Duration) {
        WORKING.clone_into(&mut self.doing);
        self.batch = Some(done.took);
        let second = now.as_secs();
        match self.passed.back_mut() {
            Some((at, seen)) if *at == second => *seen += done.seen,
            _ => self.passed.push_back((second, done.seen)),
        }
        while self.passed.front().is_some_and(|(at, _)| at + WINDOW.as_secs() < second) {
            self.passed.pop_front();
        }
    }

    /// Keys a second of late.
    fn rate(&self, now: Duration) -> f64 {
        let from = now.saturating_sub(WINDOW);
        let seen: u64 =
            self.passed.iter().filter(|(at, _)| *at >= from.as_secs()).map(|(_, seen)| seen).sum();
        let time = now.saturating_sub(self.since.max(from));
        seen as f64 / time.as_secs_f64().max(1.0)
    }

    /// `  worker 1   12,300 rows/s  batch 210 ms  working  range 17 to block 8,192`.
    fn line(&self, number: u32, now: Duration, cells: usize) -> Line {
        let narrow = cells < 60;
        let (name, unit, batch) = if narrow { ("", "/s", "") } else { ("worker ", " rows/s", "batch ") };
        let took = self.batch.map_or("-".to_owned(), human_duration);
        let rate = format!("{}{unit}", whole(self.rate(now)));
        let figures = if narrow {
            format!("  {}  {rate:>9}  {took:>7}  ", number + 1)
        } else {
            format!("  {name}{}  {rate:>14}  {:<14}  ", number + 1, format!("{batch}{took}"))
        };
        let tone = if self.doing == WORKING { Tone::Plain } else { Tone::Held };
        let mut line = vec![Span::plain(figures), Span::new(tone, self.doing.clone())];
        if let Some((range, to)) = &self.range {
            let more = format!("  range {range}, to {to}");
            let used: usize = line.iter().map(|span| width(&span.text)).sum();
            if used + width(&more) <= cells {
                line.push(Span::new(Tone::Faint, more));
            }
        }
        line
    }
}
