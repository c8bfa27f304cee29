//! How the commands that show the history describe a revision: one line, a block, or JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use crate::manifest::Manifest;
use crate::model::{Revision, RevisionBody, RevisionId};
use crate::plan::graph::asks_for_current;
use crate::store::AppliedRevision;

/// The files, and what of them the database has applied where it was asked.
pub(crate) struct Revisions {
    pub(crate) manifest: Manifest,
    pub(crate) applied: Option<BTreeSet<String>>,
    /// Where the database stands: asked once, not for each revision.
    current: BTreeSet<String>,
    /// How each came to be applied.
    records: BTreeMap<String, AppliedRevision>,
}

impl Revisions {
    /// From the files alone.
    pub(crate) fn of_files(context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self::new(context.manifest()?, None))
    }

    /// With the database.
    pub(crate) async fn of_database(context: &Context<'_>) -> Result<Self, Failure> {
        let manifest = context.manifest()?;
        let records = match context.reader("history").await? {
            Some(connection) => context.store.applied(&*connection).await?,
            None => BTreeMap::new(),
        };
        let applied = records.keys().cloned().collect();
        Ok(Self { records, ..Self::new(manifest, Some(applied)) })
    }

    fn new(manifest: Manifest, applied: Option<BTreeSet<String>>) -> Self {
        let current = applied.as_ref().map(|applied| manifest.graph.applied_heads(applied));
        let current = current.into_iter().flatten().map(str::to_owned).collect();
        Self { manifest, applied, current, records: BTreeMap::new() }
    }

    /// With the database if one of the targets or ranges is counted from where it stands, else from the files alone.
    pub(crate) async fn of_targets(
        context: &Context<'_>,
        mut targets: impl Iterator<Item = &str>,
    ) -> Result<Self, Failure> {
        if targets.any(asks_for_current) { Self::of_database(context).await } else { Self::of_files(context) }
    }

    /// As if the database had not been asked.
    pub(crate) fn forget_database(&mut self) {
        self.applied = None;
        self.current.clear();
    }

    /// The revisions that a person means by a target.
    pub(crate) fn resolve(&self, target: &str) -> Result<Vec<&str>, Failure> {
        let nothing = BTreeSet::new();
        Ok(self.manifest.graph.resolve_target(self.applied.as_ref().unwrap_or(&nothing), target)?)
    }

    /// The revision of an id of this graph.
    pub(crate) fn get(&self, id: &str) -> &Revision {
        self.manifest.revision(id).expect("the graph was built from these revisions")
    }

    /// `3f9a0c1b7d52 (billing) (head)`, and `(current)` where the database stands there.
    pub(crate) fn title(&self, id: &str) -> String {
        let mut title = id.to_owned();
        let labels = self.labels(id);
        if !labels.is_empty() {
            title = format!("{title} ({})", labels.into_iter().collect::<Vec<_>>().join(", "));
        }
        for mark in self.marks(id) {
            title = format!("{title} ({mark})");
        }
        title
    }

    /// `90be11d4a6c3 -> 3f9a0c1b7d52 (head), add gross_amount`.
    pub(crate) fn line(&self, id: &str) -> String {
        let revision = self.get(id);
        let mut before = join(&revision.revises);
        if before.is_empty() {
            "<base>".clone_into(&mut before);
        }
        if !revision.depends.is_empty() {
            before = format!("{before} ({})", join(&revision.depends));
        }
        format!("{before} -> {}, {}", self.title(id), revision.message)
    }

    /// Everything about a revision, for people.
    pub(crate) fn block(&self, id: &str) -> String {
        let revision = self.get(id);
        let kind = if revision.job().is_some() { "data" } else { "schema" };
        let mut lines =
            vec![format!("Revision:  {}", self.title(id)), format!("Message:   {}", revision.message)];
        let mut list = |label: &str, ids: &[RevisionId]| {
            if !ids.is_empty() {
                lines.push(format!("{label:<10} {}", join(ids)));
            }
        };
        list(if revision.revises.len() > 1 { "Merges:" } else { "Revises:" }, &revision.revises);
        list("Depends:", &revision.depends);
        let children = self.manifest.graph.children(id);
        if !children.is_empty() {
            lines.push(format!("Next:      {}", children.join(", ")));
        }
        lines.push(format!("Kind:      {kind}"));
        lines.push(format!("File:      {}", revision.file.display()));
        match self.records.get(id) {
            Some(AppliedRevision { applied_at, applied_by, host, origin, .. }) => {
                lines.push(format!("Applied:   {applied_at} by {applied_by} on {host} ({origin})"));
            }
            None if self.applied.is_some() => lines.push("Applied:   no".to_owned()),
            None => {}
        }
        lines.join("\n")
    }

    /// Everything about a revision, for programs.
    pub(crate) fn json(&self, id: &str) -> Value {
        let revision = self.get(id);
        let ids = |ids: &[RevisionId]| ids.iter().map(|id| id.0.clone()).collect::<Vec<_>>();
        let marks = self.marks(id);
        json!({
            "id": id,
            "message": revision.message,
            "revises": ids(&revision.revises),
            "depends": ids(&revision.depends),
            "labels": self.labels(id),
            "kind": match revision.body { RevisionBody::Schema(_) => "schema", RevisionBody::Data(_) => "data" },
            "file": revision.file,
            "head": marks.contains(&"head"),
            "branchpoint": marks.contains(&"branchpoint"),
            "mergepoint": marks.contains(&"mergepoint"),
            "applied_at": self.records.get(id).map(|record| &record.applied_at),
            "applied_by": self.records.get(id).map(|record| &record.applied_by),
            "host": self.records.get(id).map(|record| &record.host),
            "origin": self.records.get(id).map(|record| &record.origin),
            "applied": self.applied.as_ref().map(|applied| applied.contains(id)),
            "current": self.applied.as_ref().map(|_| marks.contains(&"current")),
        })
    }

    fn labels(&self, id: &str) -> BTreeSet<&str> {
        self.manifest.graph.labels(id)
    }

    fn marks(&self, id: &str) -> Vec<&'static str> {
        let graph = &self.manifest.graph;
        let children = graph.children(id).len();
        [
            ("head", children == 0),
            ("branchpoint", children > 1),
            ("mergepoint", self.get(id).revises.len() > 1),
            ("current", self.current.contains(id)),
        ]
        .into_iter()
        .filter_map(|(mark, holds)| holds.then_some(mark))
        .collect()
    }
}

fn join(ids: &[RevisionId]) -> String {
    ids.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join(", ")
}
