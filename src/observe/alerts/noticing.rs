//! What there is to tell becomes rows: each occurrence once, and once more when what lasted is over.

use std::time::Duration;

use jiff::Timestamp;

use super::facts;
use super::watcher::Watcher;
use crate::config::Alert;
use crate::model::{AlertKind, AlertMessage, AlertStatus};
use crate::plan::alerts::{EVENTS, Happened, Occurrence, RunFacts, Sight, Subject, look, resolution};
use crate::store::{MOST_EVENTS, OpenAlert, StoreError};

impl Watcher {
    /// Keeps what there is to tell by one alert.
    pub(super) async fn look_for(
        &mut self,
        at: usize,
        runs: &[RunFacts],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let (source, client) = (&self.source, &**connection);
        let alert = &source.settings.alerts[at];
        let from = match self.seen[at] {
            Some(from) => from,
            None => match source.store.watch_alert(client, &alert.name, facts::uptime(source)).await? {
                Some(from) => from,
                None => return Ok(()),
            },
        };
        let events = source.store.events_since(client, from, EVENTS).await?;
        let is_all = events.len() < MOST_EVENTS;
        let last = events.last().map(|event| event.id);
        let events: Vec<Happened> = events.into_iter().map(facts::happened).collect();
        let sight = Sight { events: &events, runs, drift: self.drift.as_ref(), now };
        let found = look(&alert.on, &alert.thresholds, sight);
        for occurrence in found.iter().filter(|occurrence| occurrence.due) {
            if !self.noticed.contains(&(at, occurrence.key.clone())) {
                let message = source.message(alert, occurrence);
                source.store.notice_alert(client, &source.identity, &message).await?;
                self.noticed.insert((at, occurrence.key.clone()));
            }
        }
        self.resolve(alert, &found, runs, now).await?;
        // What isn't seen any more needs no memory.
        self.noticed.retain(|(alert, key)| *alert != at || found.iter().any(|one| one.key == *key));
        // Those of the last minute are looked at again: a smaller number may be committed later.
        let up_to = if is_all { i64::MAX } else { last.unwrap_or(from) };
        source.store.advance_alert(client, &alert.name, up_to).await?;
        self.seen[at] = source.store.watch_alert(client, &alert.name, Duration::ZERO).await?;
        Ok(())
    }

    /// Tells that it is over of what was told, lasted, and isn't seen any more.
    async fn resolve(
        &self,
        alert: &Alert,
        found: &[Occurrence],
        runs: &[RunFacts],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let kinds: Vec<&str> =
            alert.on.iter().filter(|kind| kind.lasts()).map(|kind| kind.as_str()).collect();
        if kinds.is_empty() {
            return Ok(());
        }
        let open = self.source.store.open_alerts(&**connection, &alert.name, &kinds).await?;
        for OpenAlert { occurrence, message, age } in open {
            let Ok(message) = message else { continue };
            let is_judged = match message.kind {
                AlertKind::Drift => self.drift_known,
                // Of a run whose hours aren't known here others judge.
                _ => !runs.iter().any(|run| Some(run.id) == message.run && run.schedule.is_none()),
            };
            if !is_judged || found.iter().any(|one| one.is_told_as(&occurrence)) {
                continue;
            }
            let subject = Subject { run: message.run, job: message.job.clone(), ..Subject::default() };
            let over = AlertMessage {
                status: AlertStatus::Resolved,
                message: resolution(message.kind, &subject, age),
                at: facts::written(now),
                ..message
            };
            self.source.store.notice_alert(&**connection, &self.source.identity, &over).await?;
        }
        Ok(())
    }
}
