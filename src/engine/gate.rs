//! Who says go: before each batch one decision from all sources, with its reason.
//!
//! ```text
//!  heartbeat ── orders (pause, cancel, set), who else is at work ──┐
//!  health ───── what the signals say ──────────────────────────────┤
//!  pause file ─────────────────────────────────────────────────────┼──► Gate ──► admit(): go, held, closed, paused …
//!  hours ───────────────────────────────────────────────────────────┤        └─► rates, number of workers, size of batches
//!  limits of the job, the configuration, the database ──────────────┘
//! ```
//!
//! One gate for all workers of a process. It asks nobody: others tell it what they have found out, and it grows doubtful
//! when they fall silent. Nothing here is stored; a crash loses nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use super::pace::{Basis, Pace};
use super::rates::Rates;
use super::tally::Tally;
use super::{BatchDone, Leave, Notice, Observer, Stop};
use crate::clock::Clock;
use crate::model::Wanted;
use crate::plan::admission::{self, Admission, Hours, Situation};
use crate::plan::hours::Opening;
use crate::plan::pressure::Verdict;
use crate::store::Orders;

/// What can't be read for so long is not fine: spirit's three polls of five seconds.
const STALE: Duration = Duration::from_secs(15);

/// Two heartbeats and a bit.
const SETTLE: Duration = Duration::from_millis(2200);

/// How long a worker that may not go on waits before it asks again, if nothing changes meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// What keeps a run for a while, and since when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hold {
    /// What: the words that don't change while it lasts.
    pub(super) signals: Vec<String>,
    /// In words, with figures.
    pub(super) reasons: Vec<String>,
    pub(super) since: Instant,
}

/// What is known at the moment.
struct Known {
    orders: Option<Orders>,
    heard: Instant,
    verdict: Option<Verdict>,
    pause_file: Option<String>,
    opening: Option<(Opening, Timestamp)>,
    /// Others at work must first have heard of this process.
    settles: Option<Instant>,
    doing: String,
    /// What is to be written into the log.
    events: Vec<(&'static str, String)>,
}

/// Who says go.
pub(super) struct Gate<'g> {
    clock: &'g Clock,
    observer: &'g dyn Observer,
    basis: Basis<'g>,
    pause_file: Option<PathBuf>,
    /// Whoever has it waits for as long as it takes.
    patient: bool,
    known: Mutex<Known>,
    pace: watch::Sender<Arc<Pace>>,
    hold: watch::Sender<Option<Hold>>,
    workers: watch::Sender<u32>,
    /// Something changed that a waiting worker wants to know.
    changed: watch::Sender<()>,
    /// Keys passed by this process.
    done: AtomicU64,
    /// What this process pays its limits with.
    pub(super) rates: Rates,
    /// What it has done and seen, for the charts.
    pub(super) tally: Tally,
}

impl<'g> Gate<'g> {
    pub(super) fn new(
        clock: &'g Clock,
        observer: &'g dyn Observer,
        basis: Basis<'g>,
        (pause_file, patient): (Option<PathBuf>, bool),
    ) -> Self {
        let pace = Arc::new(basis.pace("", ""));
        let known = Known {
            orders: None,
            heard: clock.monotonic(),
            verdict: None,
            pause_file: None,
            opening: None,
            settles: None,
            doing: "working".to_owned(),
            events: Vec::new(),
        };
        let (rows, wal) = (pace.rows_per_second(), pace.wal_per_second());
        let gate = Self {
            clock,
            observer,
            basis,
            pause_file,
            patient,
            known: Mutex::new(known),
            pace: watch::Sender::new(pace),
            hold: watch::Sender::new(None),
            workers: watch::Sender::new(1),
            changed: watch::Sender::new(()),
            done: AtomicU64::new(0),
            rates: Rates::default(),
            tally: Tally::new(clock.monotonic()),
        };
        // Until the first heartbeat has told who else is at work.
        gate.rates.set(rows, wal);
        gate
    }

    /// Who is told.
    pub(super) fn observer(&self) -> &'g dyn Observer {
        self.observer
    }

    /// Others share a limit with this process, and must have heard of it before it uses its share: two beats.
    pub(super) fn settle(&self) {
        self.known().settles = Some(self.clock.monotonic() + SETTLE);
    }

    /// What is in force now.
    pub(super) fn pace(&self) -> Arc<Pace> {
        self.pace.borrow().clone()
    }

    /// Whoever wants to know when other settings come into force.
    pub(super) fn paces(&self) -> watch::Receiver<Arc<Pace>> {
        self.pace.subscribe()
    }

    /// What holds the run, and whoever wants to know of it.
    pub(super) fn holds(&self) -> watch::Receiver<Option<Hold>> {
        self.hold.subscribe()
    }

    /// How many workers there are to be.
    pub(super) fn workers(&self) -> watch::Receiver<u32> {
        self.workers.subscribe()
    }

    pub(super) fn set_workers(&self, workers: u32) {
        self.workers.send_if_modified(|now| std::mem::replace(now, workers) != workers);
    }

    /// The database's orders, as they were just read.
    pub(super) fn hear(&self, orders: &Orders) {
        self.clock.correct(orders.now);
        let before = {
            let mut known = self.known();
            known.heard = self.clock.monotonic();
            known.orders.replace(orders.clone())
        };
        let settings = |orders: &Orders| (orders.settings.clone(), orders.database_settings.clone());
        if before.as_ref().map(settings) != Some(settings(orders)) {
            self.set_pace(orders);
        }
        if before.is_none_or(|before| before.wish != orders.wish || before.state != orders.state) {
            self.changed.send_replace(());
        }
    }

    fn set_pace(&self, orders: &Orders) {
        let pace = self.basis.pace(&orders.settings, &orders.database_settings);
        self.known().opening = None;
        self.observer.notice(Notice::Hours { schedule: pace.schedule.clone() });
        self.pace.send_replace(Arc::new(pace));
        self.changed.send_replace(());
        self.look();
    }

    /// What the signals say.
    pub(super) fn judge(&self, verdict: Verdict) {
        let first = self.known().verdict.replace(verdict).is_none();
        self.look();
        if first {
            self.changed.send_replace(());
        }
    }

    /// Looks for the pause file; the first line in it is the reason.
    pub(super) async fn look_for_pause_file(&self) {
        let Some(path) = &self.pause_file else { return };
        let found = match tokio::fs::read_to_string(path).await {
            Ok(text) => {
                let why = text.lines().next().map(str::trim).filter(|line| !line.is_empty());
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                Some(format!("the pause file {} is there{why}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => Some(format!("the pause file {} can't be read: {error}", path.display())),
        };
        self.known().pause_file = found;
        self.look();
    }

    /// Puts together what holds the run now.
    pub(super) fn look(&self) {
        let now = self.clock.monotonic();
        let (mut signals, mut reasons) = (Vec::new(), Vec::new());
        {
            let known = self.known();
            for hold in known.verdict.iter().flat_map(|verdict| &verdict.holds) {
                signals.push(hold.signal.clone());
                reasons.push(hold.reason.clone());
            }
            if let Some(reason) = &known.pause_file {
                signals.push(PAUSE_FILE.to_owned());
                reasons.push(reason.clone());
            }
            // They may be the very hours or limits that were to hold it.
            for problem in &self.pace.borrow().problems {
                signals.push("settings".to_owned());
                reasons.push(problem.clone());
            }
            let silent = now.saturating_duration_since(known.heard);
            if silent > STALE {
                signals.push("orders".to_owned());
                reasons.push(format!(
                    "what operators want could not be read for {} s > {} s",
                    silent.as_secs(),
                    STALE.as_secs()
                ));
            }
        }
        let changed = self.hold.send_if_modified(|hold| match hold {
            None if signals.is_empty() => false,
            Some(_) if signals.is_empty() => {
                *hold = None;
                true
            }
            Some(same) if same.signals == signals => {
                same.reasons = reasons;
                false
            }
            other => {
                let since = other.as_ref().map_or(now, |hold| hold.since);
                *other = Some(Hold { signals, reasons, since });
                true
            }
        });
        if changed {
            self.changed.send_replace(());
            self.observer.notice(match &*self.hold.borrow() {
                Some(hold) => Notice::Held { signals: hold.signals.clone(), reasons: hold.reasons.clone() },
                None => Notice::GoesOn,
            });
        }
    }

    /// Whether a batch that may take so long may begin now.
    pub(super) fn admit(&self, expected: Duration) -> Result<Admission, Leave> {
        let opening = self.opening();
        let hold = self.hold.borrow().clone();
        let known = self.known();
        let orders = known.orders.as_ref();
        let hours = match &opening {
            Opening::Open { until } => Hours::Open(until.map(|until| self.time_left(until))),
            Opening::Closed { reason, .. } => Hours::Closed(reason),
        };
        let mut reasons = hold.as_ref().map(|hold| hold.reasons.clone()).unwrap_or_default();
        if known.verdict.is_none() {
            reasons.push("the server's state is being looked at".to_owned());
        }
        if known.settles.is_some_and(|at| self.clock.monotonic() < at) && self.pace.borrow().is_limited() {
            reasons.push("the others at work are told of this process".to_owned());
        }
        // A file is there for as long as a person wants.
        let counts = hold.as_ref().filter(|hold| hold.signals.iter().any(|signal| signal != PAUSE_FILE));
        let limit = (!self.patient).then(|| self.pace.borrow().limits.hold_limit());
        let lasted = counts.map(|hold| (self.clock.monotonic().saturating_duration_since(hold.since), limit));
        let wanted = orders.map_or(Wanted::Work, |orders| orders.wish.wanted);
        let wish = || orders.map(|orders| orders.wish.clone()).unwrap_or_default();
        if let Some(state) = orders.map(|orders| orders.state).filter(|state| !state.is_active()) {
            return Err(Leave::Elsewhere { state });
        }
        match admission::admit(&Situation { wanted, hours, expected, holds: &reasons, held: lasted }) {
            Admission::Paused => Err(Leave::Paused(wish())),
            Admission::Cancelled => Err(Leave::Cancelled(wish())),
            Admission::Closed { reason } => Err(self.closed(&reason, &opening)),
            Admission::HeldTooLong { reasons } => Err(Leave::HeldTooLong { reason: reasons.join("; ") }),
            admission => Ok(admission),
        }
    }

    /// The hours close, or are closed: until when.
    fn closed(&self, reason: &str, opening: &Opening) -> Leave {
        let pace = self.pace.borrow().clone();
        let now = self.clock.wall();
        let until = match opening {
            Opening::Closed { until, .. } => *until,
            // They are about to.
            Opening::Open { until } => until.and_then(|closing| match pace.schedule.at(closing) {
                Opening::Closed { until, .. } => until,
                Opening::Open { .. } => None,
            }),
        };
        pace.closed_until(reason, until, now)
    }

    /// The hours now. Looked up anew when they change, or the clock has been set back.
    pub(super) fn opening(&self) -> Opening {
        let now = self.clock.wall();
        let mut known = self.known();
        let is_valid = |opening: &Opening, since: Timestamp| {
            let until = match opening {
                Opening::Open { until } | Opening::Closed { until, .. } => *until,
            };
            since <= now && until.is_none_or(|until| now < until)
        };
        match &known.opening {
            Some((opening, since)) if is_valid(opening, *since) => opening.clone(),
            _ => {
                let opening = self.pace.borrow().schedule.at(now);
                known.opening = Some((opening.clone(), now));
                opening
            }
        }
    }

    /// Waits until the hours close. A batch that runs then is cancelled.
    pub(super) async fn closing(&self) {
        let mut changes = self.pace.subscribe();
        loop {
            changes.mark_unchanged();
            let Opening::Open { until } = self.opening() else { return };
            let closing = async {
                match until {
                    Some(until) => self.clock.sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = closing => {}
                _ = changes.changed() => {}
            }
        }
    }

    /// Waits until the run is to be left.
    pub(super) async fn left(&self) -> Leave {
        let mut changed = self.changed.subscribe();
        loop {
            if let Err(leave) = self.admit(Duration::ZERO) {
                return leave;
            }
            tokio::select! {
                _ = changed.changed() => {}
                () = self.closing() => {}
            }
        }
    }

    fn time_left(&self, until: Timestamp) -> Duration {
        Duration::try_from(until.duration_since(self.clock.wall())).unwrap_or_default()
    }

    /// Waits until it is worth to ask again.
    pub(super) async fn wait(&self, stop: &Stop) {
        let mut changed = self.changed.subscribe();
        tokio::select! {
            _ = changed.changed() => {}
            _ = stop.asked_within(self.clock, ASK_AGAIN) => {}
        }
    }

    /// Says what the process is doing, for others to see.
    pub(super) fn do_now(&self, doing: &str) {
        let mut known = self.known();
        if known.doing != doing {
            doing.clone_into(&mut known.doing);
        }
    }

    /// What the process is doing.
    pub(super) fn doing(&self) -> String {
        match &*self.hold.borrow() {
            Some(hold) => format!("held: {}", hold.reasons.join("; ")),
            None => self.known().doing.clone(),
        }
    }

    /// Whether something that has lasted so long may last longer.
    pub(super) fn has_patience(&self, lasted: Duration) -> bool {
        self.patient || lasted < self.pace.borrow().limits.hold_limit()
    }

    /// A batch was committed.
    pub(super) fn note(&self, batch: &BatchDone) {
        self.done.fetch_add(batch.seen, Ordering::SeqCst);
        self.tally.batch(batch);
    }

    /// Keys passed by this process so far.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// Whether something holds the run.
    pub(super) fn is_held(&self) -> bool {
        self.hold.borrow().is_some()
    }

    /// Something is not as it should be, and stops nothing: it is shown, and written into the log.
    pub(super) fn warn(&self, kind: &'static str, message: String) {
        self.observer.notice(Notice::Warning { reason: message.clone() });
        self.tell(kind, message);
    }

    /// Something for the log, which the heart writes.
    pub(super) fn tell(&self, kind: &'static str, message: String) {
        self.known().events.push((kind, message));
    }

    /// What is to be written into the log.
    pub(super) fn take_events(&self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.known().events)
    }

    /// How much of its limits the server uses; `None`: nothing tells.
    pub(super) fn load(&self) -> Option<f64> {
        self.known().verdict.as_ref().and_then(|verdict| verdict.load)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("no holder can panic")
    }
}

const PAUSE_FILE: &str = "pause file";
