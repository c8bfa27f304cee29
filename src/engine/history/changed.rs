//! Files that were changed after their revisions were applied.

use std::collections::BTreeMap;

use serde_json::json;

use super::session::Session;
use super::{ChangeOptions, ChangedFile, History, HistoryError};
use crate::model::RevisionId;
use crate::plan::drift::Drift;
use crate::store::{AppliedRevision, Event};

impl History<'_> {
    /// The applied revisions whose files say something else now, in the order of the history.
    #[must_use]
    pub fn changed(&self, applied: &BTreeMap<String, AppliedRevision>) -> Vec<ChangedFile> {
        let order = self.manifest.graph.order();
        let pairs = order.into_iter().filter_map(|id| Some((self.manifest.revision(id)?, applied.get(id)?)));
        pairs
            .filter(|(revision, found)| revision.checksum != found.checksum)
            .map(|(revision, found)| ChangedFile {
                revision: revision.id.clone(),
                file: revision.file.clone(),
                diff: match Drift::between(&found.content, &revision.content) {
                    Drift::Changed { diff } if !found.content.is_empty() => Some(diff),
                    _ => None,
                },
            })
            .collect()
    }

    pub(super) fn refuse_changed(
        &self,
        applied: &BTreeMap<String, AppliedRevision>,
    ) -> Result<(), HistoryError> {
        let files = self.changed(applied);
        if files.is_empty() { Ok(()) } else { Err(HistoryError::Changed { files }) }
    }

    /// Takes what the files of these revisions say now for what was applied; the reason is kept in the log, with what
    /// changed. Those that didn't change are left. Returns the ones accepted.
    pub async fn accept(&self, wanted: &[String], why: &str) -> Result<Vec<RevisionId>, HistoryError> {
        let options = ChangeOptions::default();
        let mut session = Session::begin(self, &options, "upgrade").await?;
        let applied = self.applied(&session.connection).await?;
        let mut ids = Vec::new();
        for text in wanted {
            let id = self.manifest.resolve(text).map_err(crate::plan::graph::TargetError::from)?;
            ids.push(id);
        }
        let engine = self.engine;
        let transaction = session.transaction().await?;
        let mut accepted = Vec::new();
        for changed in self.changed(&applied) {
            let id = changed.revision;
            let Some(revision) = self.manifest.revision(&id.0).filter(|_| ids.contains(&id.0.as_str()))
            else {
                continue;
            };
            engine.store.accept_revision(&transaction, revision).await?;
            let detail = json!({
                "why": why,
                "diff": changed.diff,
                "checksum_before": applied.get(&id.0).map(|found| found.checksum.clone()),
                "checksum": revision.checksum,
            });
            let message = format!("the changed file of revision {id} was accepted: {why}");
            let event = Event {
                kind: "revision.accepted",
                run: None,
                revision: Some(&id),
                message,
                detail: Some(detail),
            };
            engine.store.record(&transaction, engine.identity, event).await?;
            accepted.push(id);
        }
        transaction.commit().await.map_err(HistoryError::sql("accept the changed revisions"))?;
        Ok(accepted)
    }
}
