//! Spans for OpenTelemetry: the process, its runs with their passes, holds and proofs, its revisions with their statements.
//!
//! ```text
//!  notices ─► open spans ─► ended ─► a bounded queue ─► a thread that posts OTLP, as JSON, to /v1/traces
//! ```
//!
//! Told by the variables that OpenTelemetry has for it: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`), `…_HEADERS`,
//! `OTEL_SERVICE_NAME`, and `TRACEPARENT` for whoever called. The form is small and fixed, so it is written here rather than by
//! OpenTelemetry's own crates, which bring thirty others along. Batches are no spans: there may be a million of them.
//! Where nobody takes spans they are lost, and the work goes on: the queue is bounded, and who ends waits three seconds.

mod export;
mod span;

use std::sync::{Arc, Mutex, OnceLock};

use self::export::Exporter;
use self::span::{Context, Span, Status};
use crate::clock::Clock;
use crate::config::Environment;
use crate::engine::{Done, Notice, Observer};

/// Words of a statement that are told: what it does, and to what kind of thing.
const WORDS: usize = 2;

/// An observer that tells of spans.
pub struct Traces {
    clock: Clock,
    exporter: Exporter,
    open: Mutex<Open>,
}

/// The spans that have not ended, each within the one before it.
struct Open {
    process: Span,
    run: Option<Span>,
    pass: Option<Span>,
    hold: Option<Span>,
    revision: Option<Span>,
    statement: Option<Span>,
}

/// The traces of a process, for whoever lives as long as its work: whoever listens for signals keeps the observers for ever.
#[derive(Default)]
pub struct LastingTraces(OnceLock<Option<Arc<Traces>>>);

impl LastingTraces {
    /// Begins them, once; `None`: the variables name nobody who takes spans.
    pub fn begun(&self, environment: &Environment, clock: &Clock, host: &str) -> Option<Arc<Traces>> {
        self.0.get_or_init(|| Traces::from_environment(environment, clock, host).map(Arc::new)).clone()
    }
}

impl Drop for LastingTraces {
    fn drop(&mut self) {
        if let Some(Some(traces)) = self.0.get() {
            traces.finish();
        }
    }
}

impl Traces {
    /// From the variables; `None`: they name nobody who takes spans.
    #[must_use]
    pub fn from_environment(environment: &Environment, clock: &Clock, host: &str) -> Option<Self> {
        let exporter = Exporter::from_environment(environment, host)?;
        let parent = environment.get("TRACEPARENT").and_then(Context::parse);
        let process = Span::begin("longhaul", parent, clock.wall());
        let open = Open { process, run: None, pass: None, hold: None, revision: None, statement: None };
        Some(Self { clock: clock.clone(), exporter, open: Mutex::new(open) })
    }

    /// Ends what is open: what has not come to its end was left or failed. Waits for what is posted, some seconds at the most.
    pub fn finish(&self) {
        {
            let mut open = self.open.lock().expect("no holder of this lock can panic");
            let open = &mut *open;
            self.end(&mut open.statement, Status::Error);
            self.end(&mut open.revision, Status::Error);
            self.end_run(open, Status::Error);
            let context = open.process.context();
            let next = Span::begin("longhaul", Some(context), self.clock.wall());
            let process = std::mem::replace(&mut open.process, next);
            self.exporter.export(process.ended(self.clock.wall(), Status::Unset));
        }
        self.exporter.finish();
    }

    fn end(&self, span: &mut Option<Span>, status: Status) {
        if let Some(span) = span.take() {
            self.exporter.export(span.ended(self.clock.wall(), status));
        }
    }

    fn end_run(&self, open: &mut Open, status: Status) {
        self.end(&mut open.hold, Status::Unset);
        self.end(&mut open.pass, status);
        self.end(&mut open.run, status);
    }

    fn begin_run(&self, open: &mut Open, run: i64, job: &str) {
        self.end_run(open, Status::Unset);
        let mut span = Span::begin("run", Some(open.process.context()), self.clock.wall());
        span.attribute("longhaul.run", run);
        span.attribute("longhaul.job", job);
        open.run = Some(span);
    }

    fn within_run(&self, open: &Open, name: &'static str) -> Span {
        let parent = open.run.as_ref().unwrap_or(&open.process).context();
        Span::begin(name, Some(parent), self.clock.wall())
    }

    fn take(&self, open: &mut Open, notice: Notice) {
        match notice {
            Notice::Started { run, job, .. }
            | Notice::Resumed { run, job, .. }
            | Notice::Joined { run, job } => {
                self.begin_run(open, run.0, &job);
            }
            Notice::Pass { pass, expected, .. } => {
                self.end(&mut open.pass, Status::Unset);
                let mut span = self.within_run(open, "pass");
                span.attribute("longhaul.pass", pass.to_string().as_str());
                span.attribute("longhaul.rows_expected", i64::try_from(expected).unwrap_or(i64::MAX));
                open.pass = Some(span);
            }
            Notice::PassDone { totals, .. } => {
                let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
                if let Some(span) = &mut open.pass {
                    span.attribute("longhaul.rows_seen", count(totals.rows_seen));
                    span.attribute("longhaul.rows_changed", count(totals.rows_changed));
                    span.attribute("longhaul.batches", count(totals.batches));
                }
                self.end(&mut open.pass, Status::Ok);
            }
            Notice::Held { signals, .. } => {
                self.end(&mut open.hold, Status::Unset);
                let mut span = self.within_run(open, "held");
                span.attribute("longhaul.signals", signals.join(", ").as_str());
                open.hold = Some(span);
            }
            Notice::GoesOn => self.end(&mut open.hold, Status::Ok),
            Notice::Trouble { class } => {
                let now = self.clock.wall();
                let span = open.run.as_mut().unwrap_or(&mut open.process);
                span.event("error", "longhaul.class", class.as_str(), now);
            }
            Notice::Proving => {
                self.end(&mut open.pass, Status::Ok);
                open.pass = Some(self.within_run(open, "proof"));
            }
            Notice::Proved { .. } => self.end_run(open, Status::Ok),
            notice => self.take_revision(open, notice),
        }
    }

    fn take_revision(&self, open: &mut Open, notice: Notice) {
        match notice {
            Notice::Applying { revision, direction } => {
                self.end(&mut open.statement, Status::Unset);
                self.end(&mut open.revision, Status::Unset);
                let mut span = Span::begin("revision", Some(open.process.context()), self.clock.wall());
                span.attribute("longhaul.revision", revision.as_str());
                span.attribute("longhaul.direction", direction.as_str());
                open.revision = Some(span);
            }
            Notice::Statement { number, sql, .. } => {
                self.end(&mut open.statement, Status::Ok);
                let parent = open.revision.as_ref().unwrap_or(&open.process).context();
                let mut span = Span::begin("statement", Some(parent), self.clock.wall());
                // What stands in it may be anybody's business, a password for one.
                let words: Vec<&str> = sql.split_whitespace().take(WORDS).collect();
                span.attribute("longhaul.statement", words.join(" ").as_str());
                span.attribute("longhaul.number", i64::try_from(number).unwrap_or(i64::MAX));
                open.statement = Some(span);
            }
            Notice::Applied { done, .. } => {
                self.end(&mut open.statement, Status::Ok);
                let status = if done == Done::Now { Status::Ok } else { Status::Unset };
                self.end(&mut open.revision, status);
            }
            _ => {}
        }
    }
}

impl Observer for Traces {
    fn notice(&self, notice: Notice) {
        let mut open = self.open.lock().expect("no holder of this lock can panic");
        self.take(&mut open, notice);
    }
}
