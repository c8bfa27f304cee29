//! The task that looks, keeps what there is to tell, and has it sent.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::facts;
use super::failing::{Blind, Failing};
use super::outbox::Outbox;
use super::source::AlertSource;
use crate::config::Alert;
use crate::engine::Notice;
use crate::model::AlertKind;
use crate::pg::Connection;
use crate::plan::alerts::{DriftFacts, Occurrence, Subject};
use crate::store::{StoreError, Use};

/// How often files are compared with what was applied, and old messages are forgotten.
const RARELY: Duration = Duration::from_secs(3600);

/// How long the last messages of a process have to go out.
const LAST: Duration = Duration::from_secs(5);

/// The watcher at work. Dropped, it stops at once; what it has claimed is sent by another process later.
pub struct Alerts(Option<(JoinHandle<()>, watch::Sender<Option<End>>)>);

/// How the process ends.
#[derive(Clone, Debug)]
struct End {
    /// Why it failed.
    failure: Option<String>,
}

impl Alerts {
    /// Begins to look, where there is anything to tell anybody. What can't be sent from here is said once.
    #[must_use]
    pub fn begin(source: AlertSource) -> Self {
        for alert in &source.settings.alerts {
            if let Err(error) = &alert.target {
                let reason = format!("the alert {} can't be sent from here: {error}", alert.name);
                source.observer.notice(Notice::Warning { reason });
            }
        }
        if source.sending().next().is_none() {
            return Self(None);
        }
        let (finish, finished) = watch::channel(None);
        let task = tokio::spawn(Watcher::new(source).watch(finished));
        Self(Some((task, finish)))
    }

    /// Looks once more, and gives the last messages some seconds to go out. `failure`: why the process ends, for the case that
    /// the database can't be told of it.
    pub async fn finish(mut self, failure: Option<String>) {
        if let Some((task, finish)) = self.0.take() {
            let _ = finish.send(Some(End { failure }));
            let _ = task.await;
        }
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        if let Some((task, _)) = &self.0 {
            task.abort();
        }
    }
}

pub(super) struct Watcher {
    pub(super) source: AlertSource,
    pub(super) connection: Option<Connection>,
    outbox: Outbox,
    /// Of each alert of the configuration, the event up to which it was looked for.
    pub(super) seen: Vec<Option<i64>>,
    /// What is kept already: alert and occurrence.
    pub(super) noticed: HashSet<(usize, String)>,
    pub(super) drift: Option<DriftFacts>,
    pub(super) drift_known: bool,
    rarely: Option<Instant>,
    failing: Failing,
}

impl Watcher {
    fn new(source: AlertSource) -> Self {
        let seen = vec![None; source.settings.alerts.len()];
        Self {
            source,
            connection: None,
            outbox: Outbox::new(),
            seen,
            noticed: HashSet::new(),
            drift: None,
            drift_known: false,
            rarely: None,
            failing: Failing::default(),
        }
    }

    async fn watch(mut self, mut finish: watch::Receiver<Option<End>>) {
        loop {
            self.look().await;
            let rest = self.source.clock.clone();
            let mut rest = std::pin::pin!(rest.sleep(self.failing.pause()));
            loop {
                tokio::select! {
                    () = &mut rest => break,
                    () = self.outbox.next(&self.source) => self.send().await,
                    _ = finish.changed() => {
                        let end = finish.borrow().clone();
                        let clock = self.source.clock.clone();
                        tokio::select! {
                            () = self.last(end) => {}
                            () = clock.sleep(LAST) => {}
                        }
                        return;
                    }
                }
            }
        }
    }

    /// What there still is to tell at the end.
    async fn last(&mut self, end: Option<End>) {
        self.look().await;
        if let (None, Some(failure)) = (&self.connection, end.and_then(|end| end.failure)) {
            self.tell_without_database(&failure);
        }
        self.empty().await;
        if !self.outbox.is_settled() {
            self.look().await;
            self.empty().await;
        }
    }

    /// Until nothing is on its way.
    async fn empty(&mut self) {
        while !self.outbox.is_empty() {
            self.outbox.next(&self.source).await;
            self.send().await;
        }
    }

    /// The database can't keep that the work failed, perhaps since it is away itself: it is told all the same.
    fn tell_without_database(&mut self, failure: &str) {
        let alerts: Vec<(usize, Alert)> =
            self.source.sending().map(|(at, alert)| (at, alert.clone())).collect();
        for (at, alert) in alerts.into_iter().filter(|(_, alert)| alert.on.contains(&AlertKind::Failed)) {
            let now = self.source.clock.wall();
            let occurrence = Occurrence {
                kind: AlertKind::Failed,
                key: format!("failed/{} {now}", self.source.identity),
                subject: Subject::default(),
                message: format!(
                    "{} ended, and the database can't be reached: {failure}",
                    self.source.identity
                ),
                at: now,
                due: true,
            };
            let message = self.source.message(&alert, &occurrence);
            self.outbox.send_unclaimed(&self.source, at, &alert, message);
        }
    }

    /// Looks once. An error leaves everything for the next look, on another connection.
    async fn look(&mut self) {
        let looked = self.try_to_look().await;
        if let Some(reason) = self.failing.take(looked.as_ref().err()) {
            self.source.observer.notice(Notice::Warning { reason });
        }
        self.keep_if(looked.is_ok());
        self.send().await;
    }

    fn keep_if(&mut self, is_well: bool) {
        if !is_well {
            self.connection = None;
        }
    }

    async fn send(&mut self) {
        let Some(connection) = &self.connection else { return };
        let sent = self.outbox.send(&self.source, connection).await;
        self.keep_if(sent.is_ok());
    }

    async fn try_to_look(&mut self) -> Result<(), Blind> {
        if self.connection.as_ref().is_none_or(|connection| connection.is_closed()) {
            self.connection = None;
            let connection = self.source.connector.connect("alerts").await?;
            // Where nothing was ever run there is nothing to tell.
            if !self.source.store.is_readable(&connection).await? {
                return Ok(());
            }
            self.source.store.require(&*connection, Use::Alert).await?;
            self.connection = Some(connection);
        }
        self.look_rarely().await?;
        let Some(connection) = &self.connection else { return Ok(()) };
        let lasts = |kind: &AlertKind| kind.lasts() || *kind == AlertKind::WindowMissed;
        let runs = if self.source.sending().any(|(_, alert)| alert.on.iter().any(lasts)) {
            facts::runs(&self.source, connection).await?
        } else {
            Vec::new()
        };
        let now = self.source.store.now(&**connection).await?;
        let alerts: Vec<usize> = self.source.sending().map(|(at, _)| at).collect();
        for at in alerts {
            self.look_for(at, &runs, now).await?;
        }
        Ok(())
    }

    async fn look_rarely(&mut self) -> Result<(), StoreError> {
        let now = self.source.clock.monotonic();
        let is_due = self.rarely.is_none_or(|last| now.saturating_duration_since(last) >= RARELY);
        let (Some(connection), true) = (&self.connection, is_due) else { return Ok(()) };
        if self.source.sending().any(|(_, alert)| alert.on.contains(&AlertKind::Drift)) {
            match facts::drift(&self.source, connection).await {
                Ok(found) => {
                    self.drift = found;
                    self.drift_known = true;
                }
                Err(Some(error)) => return Err(error),
                Err(None) => {}
            }
        }
        self.source.store.forget_alerts(&**connection).await?;
        self.rarely = Some(now);
        Ok(())
    }
}
