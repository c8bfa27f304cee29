//! Before an upgrade: `plan::lint` looks at what it would apply. What is dangerous stops it before anything is written.

use std::collections::BTreeMap;

use super::{ChangeOptions, DataRevisions, History, HistoryError, Way};
use crate::config::LintBefore;
use crate::engine::Notice;
use crate::engine::lint::{LintGround, LintSubject, Linted, lint};
use crate::model::{Direction, RevisionBody, RevisionId};
use crate::pg::Connection;
use crate::plan::lint::finding::Level;
use crate::plan::lint::observed::Promise;

/// What lint told of each revision.
pub(crate) type Promises = BTreeMap<RevisionId, Promise>;

impl History<'_> {
    /// Looks at the schema revisions on the way; with `--detach` also at those that a worker is asked for. An error where one
    /// is dangerous and nobody has said that it may be.
    pub(super) async fn lint_before(
        &self,
        connection: &Connection,
        way: &Way,
        (data, options): (DataRevisions, &ChangeOptions<'_>),
    ) -> Result<Promises, HistoryError> {
        let before = options.lint.unwrap_or(self.engine.settings.lint);
        if before == LintBefore::Off {
            return Ok(Promises::new());
        }
        let left = way.left.iter().filter(|_| data == DataRevisions::Detach);
        let ids: Vec<&RevisionId> = way.path.iter().chain(left).collect();
        let (ids, subjects) = self.subjects(&ids);
        if ids.is_empty() {
            return Ok(Promises::new());
        }
        let looked = lint(LintGround::Database(connection), subjects, &[Direction::Up]).await;
        let (all, _) = looked.map_err(HistoryError::sql("look at the tables that the revisions change"))?;
        for reason in all.iter().flat_map(|linted| remarks(linted, before)) {
            self.engine.observer.notice(Notice::Warning { reason });
        }
        let dangers: Vec<String> = all.iter().flat_map(|linted| linted.lines(Level::Danger)).collect();
        if before == LintBefore::Refuse && !dangers.is_empty() {
            let count =
                all.iter().flat_map(Linted::findings).filter(|one| one.level == Level::Danger).count();
            return Err(HistoryError::Dangerous { count, lines: dangers });
        }
        Ok(ids.into_iter().cloned().zip(all.into_iter().map(|linted| linted.promise)).collect())
    }

    /// The files of these schema revisions.
    pub(crate) fn subjects<'i>(&self, ids: &[&'i RevisionId]) -> (Vec<&'i RevisionId>, Vec<LintSubject>) {
        let read = |id: &&'i RevisionId| {
            let revision = self.revision(&id.0);
            // One that can't be read any more could be a moment ago.
            match &revision.body {
                RevisionBody::Schema(_) => {
                    let text = std::fs::read_to_string(&revision.file).ok()?;
                    Some((*id, LintSubject { file: revision.file.clone(), text }))
                }
                RevisionBody::Data(_) => None,
            }
        };
        ids.iter().filter_map(read).unzip()
    }
}

/// What is told of a file and stops nothing.
fn remarks(linted: &Linted, before: LintBefore) -> Vec<String> {
    let told = |level| match before {
        LintBefore::Warn => level >= Level::Warning,
        _ => level == Level::Warning,
    };
    let file = linted.file.display().to_string();
    let findings = linted.findings().filter(|finding| told(finding.level));
    findings.map(|finding| finding.lines(&file).join("\n")).collect()
}
