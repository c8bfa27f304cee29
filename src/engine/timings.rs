//! Times the application's queries before, during and after a run or a schema revision, on a connection of its own.
//!
//! It only looks: whatever fails here is told, and stops nothing. Where no query is configured nothing is connected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use super::{Engine, Notice};
use crate::model::{TimedQuery, human_duration};
use crate::pg::sqlstate::Said;
use crate::pg::{Connection, timed};
use crate::plan::timings::{LEAST, Phase, Verdict, compare};
use crate::store::{Answer, Event, Subject, Timing};

/// How often each query is timed before and after.
const TIMES: usize = LEAST + 2;

/// What a change may wait for all of them, before and after.
const BUDGET: Duration = Duration::from_secs(2);

/// Of the timings taken meanwhile, the latest of which the median is looked at.
const LATEST: usize = 5;

/// For how long a timed query may wait for a lock, or hold one, while a revision is at work: what it reads may be what the
/// revision is about to lock, and that gives up after `lock_timeout`. A part of it.
const OF_LOCK_TIMEOUT: u32 = 4;

/// How often it is looked which query is due.
const LOOK: Duration = Duration::from_secs(1);

/// Times queries for one change.
pub(super) struct Timer<'t> {
    engine: &'t Engine<'t>,
    subject: Subject<'t>,
    known: Mutex<BTreeMap<String, Known>>,
}

/// What is known of a query.
#[derive(Default)]
struct Known {
    before: Vec<f64>,
    during: Vec<f64>,
    after: Vec<f64>,
    /// That it is slower, and that it can't be run, are told once each.
    told: BTreeSet<&'static str>,
}

impl<'t> Timer<'t> {
    pub(super) fn new(engine: &'t Engine<'t>, subject: Subject<'t>) -> Self {
        Self { engine, subject, known: Mutex::default() }
    }

    /// Before the change, or after it: each query some times, as far as the time allows.
    pub(super) async fn take(&self, phase: Phase) {
        let queries = &self.engine.settings.timed_queries;
        if queries.is_empty() {
            return;
        }
        let deadline = self.engine.clock.monotonic() + BUDGET;
        let mut connection = None;
        for turn in 0..TIMES {
            for query in queries {
                if self.engine.clock.monotonic() >= deadline || self.engine.stop.is_asked() {
                    return;
                }
                self.time(&mut connection, (query, phase), turn == 0).await;
            }
        }
    }

    /// While the change goes on, for ever.
    pub(super) async fn watch(&self) {
        let queries = &self.engine.settings.timed_queries;
        if queries.is_empty() {
            return std::future::pending().await;
        }
        let mut connection = None;
        let mut due: Vec<_> = queries.iter().map(|query| (self.engine.clock.monotonic(), query)).collect();
        loop {
            self.engine.clock.sleep(LOOK).await;
            for (at, query) in &mut due {
                if self.engine.clock.monotonic() >= *at {
                    self.time(&mut connection, (query, Phase::During), false).await;
                    *at = self.engine.clock.monotonic() + query.every;
                }
            }
        }
    }

    async fn time(
        &self,
        connection: &mut Option<Connection>,
        (query, phase): (&TimedQuery, Phase),
        with_plan: bool,
    ) {
        if connection.is_none() {
            *connection = self.engine.connector.connect("timings").await.ok();
        }
        let Some(open) = connection else { return };
        let (answer, error) = match ask(open, query, self.patience(query, phase)).await {
            Ok(answer) => (answer, None),
            Err(error) => {
                let Some(code) = error.code().map(|code| code.code().to_owned()) else {
                    *connection = None;
                    return;
                };
                (Answer::Failed(code), Some(Said::of(&error).message))
            }
        };
        let plan = if with_plan { look(open, query).await } else { None };
        if let Some(error) = error {
            let message = format!("the query \"{}\" can't be timed: {error}", query.name);
            self.tell_once(query, "query.failed", message).await;
        }
        let timing = Timing { phase, query: query.name.clone(), answer, plan };
        if self.engine.store.record_timing(&**open, self.subject, &timing).await.is_err() {
            *connection = None;
        }
        if let Some(took) = timing.answer.took() {
            self.judge(query, phase, took).await;
        }
    }

    /// How long the query may take.
    fn patience(&self, query: &TimedQuery, phase: Phase) -> Duration {
        match (self.subject, phase) {
            (Subject::Revision(_), Phase::During) => {
                query.timeout.min(self.engine.settings.lock_timeout / OF_LOCK_TIMEOUT)
            }
            _ => query.timeout,
        }
    }

    /// Tells once that a query has become slower.
    async fn judge(&self, query: &TimedQuery, phase: Phase, took: Duration) {
        let message = {
            let mut all = self.known();
            let known = all.entry(query.name.clone()).or_default();
            let seconds = took.as_secs_f64();
            match phase {
                Phase::Before => known.before.push(seconds),
                Phase::During => known.during.push(seconds),
                Phase::After => known.after.push(seconds),
            }
            let now = match phase {
                Phase::Before => return,
                Phase::During => &known.during[known.during.len().saturating_sub(LATEST)..],
                Phase::After => &known.after,
            };
            match compare(&known.before, now, query.slower) {
                Verdict::Slower { times } => format!(
                    "the query \"{}\" takes {times:.1} times as long as before, now {}",
                    query.name,
                    human_duration(took)
                ),
                Verdict::Same | Verdict::Unknown => return,
            }
        };
        self.tell_once(query, "query.slower", message).await;
    }

    async fn tell_once(&self, query: &TimedQuery, kind: &'static str, message: String) {
        let is_new = self.known().entry(query.name.clone()).or_default().told.insert(kind);
        if !is_new {
            return;
        }
        self.engine.observer.notice(Notice::Warning { reason: message.clone() });
        let (run, revision) = match self.subject {
            Subject::Run(run) => (Some(run), None),
            Subject::Revision(revision) => (None, Some(revision)),
        };
        let detail = Some(serde_json::json!({ "query": query.name }));
        let event = Event { kind, run, revision, message, detail };
        if let Ok(connection) = self.engine.connector.connect("timings").await {
            let _ = self.engine.store.record(&*connection, self.engine.identity, event).await;
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().expect("no holder can panic")
    }
}

async fn ask(
    connection: &mut Connection,
    query: &TimedQuery,
    patience: Duration,
) -> Result<Answer, tokio_postgres::Error> {
    let limit = patience.as_millis().max(1);
    let begin =
        format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {limit}; SET LOCAL lock_timeout = {limit}");
    connection.batch_execute(&begin).await?;
    let timed = timed::time(connection, "timed", &query.query).await;
    connection.batch_execute("ROLLBACK").await?;
    timed.map(|timed| if timed.gave_up { Answer::GaveUp(timed.took) } else { Answer::Took(timed.took) })
}

/// Its plan, if it can be had.
async fn look(connection: &mut Connection, query: &TimedQuery) -> Option<String> {
    let transaction = connection.build_transaction().read_only(true).start().await.ok()?;
    transaction.batch_execute("SET LOCAL lock_timeout = '100ms'").await.ok()?;
    timed::plan(&transaction, &query.query).await.ok()
}
