//! `stamp`: records where the database stands without running anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use tokio_postgres::GenericClient;

use super::session::Session;
use super::verify::hold;
use super::{ChangeOptions, History, HistoryError};
use crate::manifest;
use crate::model::{Revision, RevisionBody, RevisionId, SchemaRevision, Section};
use crate::pg::{Connection, quote, search_path};
use crate::store::{AppliedRevision, Event, Origin, Recording};

/// What is to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct StampRequest<'r> {
    /// Where the database is to stand.
    pub targets: &'r [String],
    /// Forget everything first, what no file defines included.
    pub purge: bool,
    /// Even if the schema plainly disagrees.
    pub force: bool,
}

/// What a stamp changes.
#[derive(Debug, Default)]
pub struct Stamped {
    /// Recorded as applied now, in order.
    pub added: Vec<RevisionId>,
    /// Not recorded any more, in the opposite order.
    pub removed: Vec<String>,
    /// Were half applied or half undone, and count as what is recorded now.
    pub settled: Vec<String>,
    /// Where the database stands now.
    heads: Vec<String>,
}

impl History<'_> {
    /// Records that the database stands at these targets, and nothing else.
    pub async fn stamp(
        &self,
        request: StampRequest<'_>,
        options: &ChangeOptions<'_>,
    ) -> Result<Stamped, HistoryError> {
        let connection = self.look("stamp").await?;
        self.way_to_stamp(&self.applied(&connection).await?, request)?;
        let mut session = Session::begin(self, options, "stamp").await?;
        let applied = self.applied(&session.connection).await?;
        let mut stamped = self.way_to_stamp(&applied, request)?;
        if !request.force {
            let signs = self.signs_against(&session.connection, &applied, &stamped).await?;
            if !signs.is_empty() {
                return Err(HistoryError::Disagrees { signs });
            }
        }
        let transaction = session.transaction().await?;
        // The lock of the history may have been lost since: what is written fits what is recorded now.
        self.engine.store.lock_revisions(&transaction).await?;
        stamped = self.way_to_stamp(&self.engine.store.applied(&transaction).await?, request)?;
        for (id, ..) in self.engine.store.unfinished_sections(&transaction).await? {
            if request.purge || self.is_on_line(&id, &stamped.heads) {
                self.engine.store.end_section(&transaction, &RevisionId(id.clone())).await?;
                stamped.settled.push(id);
            }
        }
        for id in &stamped.removed {
            self.unrecord(&transaction, id, options).await?;
        }
        for id in &stamped.added {
            let revision = self.revision(&id.0);
            if let Some(job) = revision.job() {
                self.give_up_run(&transaction, job, "was given up: its revision was stamped").await?;
            }
            let engine = self.engine;
            let detail = json!({ "tag": options.tag, "forced": request.force });
            let recording = Recording { revision, origin: Origin::Stamped, took: Duration::ZERO, detail };
            engine.store.record_revision(&transaction, engine.identity, &recording).await?;
        }
        transaction.commit().await.map_err(HistoryError::sql("record where the database stands"))?;
        Ok(stamped)
    }

    /// The revisions that a table of Alembic's names: where the database stands by it.
    pub async fn alembic_heads(&self, table: &str) -> Result<Vec<String>, HistoryError> {
        let missing = || HistoryError::NoAlembic { table: table.to_owned() };
        let connection = self.engine.connector.connect("stamp").await?;
        let name = crate::model::TableName::parse(table).map_err(|_| missing())?;
        let statement = format!("SELECT version_num::text FROM {} ORDER BY 1", quote::table(&name));
        let read = async {
            connection.batch_execute(search_path::SESSION_AS_AUTHOR).await?;
            connection.query(&statement, &[]).await
        };
        let rows = read.await.map_err(|_| missing())?;
        let heads: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let unknown: Vec<String> =
            heads.iter().filter(|id| self.manifest.graph.node(id).is_none()).cloned().collect();
        if unknown.is_empty() { Ok(heads) } else { Err(HistoryError::UnknownApplied { revisions: unknown }) }
    }

    fn way_to_stamp(
        &self,
        applied: &BTreeMap<String, AppliedRevision>,
        request: StampRequest<'_>,
    ) -> Result<Stamped, HistoryError> {
        let ids: BTreeSet<String> = applied.keys().cloned().collect();
        let before = if request.purge { BTreeSet::new() } else { ids.clone() };
        if !request.purge {
            self.refuse_unknown(applied)?;
        }
        let targets: Vec<&str> = request.targets.iter().map(String::as_str).collect();
        let wanted = self.manifest.graph.stamp_set(&before, &targets)?;
        let order = self.manifest.graph.order();
        let added = order.iter().filter(|id| wanted.contains(**id) && !ids.contains(**id));
        let added = added.map(|id| RevisionId((*id).to_owned())).collect();
        let unknown = ids.iter().filter(|id| self.manifest.graph.node(id).is_none()).cloned();
        let known = order.iter().rev().filter(|id| ids.contains(**id) && !wanted.contains(**id));
        let removed = unknown.chain(known.map(|id| (*id).to_owned())).collect();
        let heads = self.manifest.graph.applied_heads(&wanted).into_iter().map(str::to_owned).collect();
        Ok(Stamped { added, removed, settled: Vec::new(), heads })
    }

    /// Whether the revision is one of these, or comes before or after one; or no file defines it.
    fn is_on_line(&self, id: &str, heads: &[String]) -> bool {
        let graph = &self.manifest.graph;
        let comes_before = |one: &str, other: &str| graph.ancestors(other).contains(&one);
        graph.node(id).is_none()
            || heads.is_empty()
            || heads.iter().any(|head| head == id || comes_before(id, head) || comes_before(head, id))
    }

    async fn unrecord(
        &self,
        client: &impl GenericClient,
        id: &str,
        options: &ChangeOptions<'_>,
    ) -> Result<(), HistoryError> {
        let engine = self.engine;
        if let Some(job) = self.manifest.revision(id).and_then(Revision::job) {
            self.give_up_run(client, job, "counts as undone: its revision was taken off the record").await?;
        }
        engine.store.forget_revision(client, id).await?;
        let event = Event {
            kind: "revision.unstamped",
            run: None,
            revision: Some(&RevisionId(id.to_owned())),
            message: format!("revision {id} was taken off the record, without undoing it"),
            detail: Some(json!({ "tag": options.tag })),
        };
        Ok(engine.store.record(client, engine.identity, event).await?)
    }

    /// What in the database speaks against the new record. Of what is recorded anew, only where the database would stand is
    /// looked at: what came before may have been changed since.
    async fn signs_against(
        &self,
        connection: &Connection,
        applied: &BTreeMap<String, AppliedRevision>,
        stamped: &Stamped,
    ) -> Result<Vec<String>, HistoryError> {
        let mut after: BTreeSet<String> = applied.keys().cloned().collect();
        after.retain(|id| !stamped.removed.contains(id));
        after.extend(stamped.added.iter().map(|id| id.0.clone()));
        let mut signs = Vec::new();
        for id in self.manifest.graph.applied_heads(&after) {
            let revision = self.revision(id);
            if stamped.added.contains(&revision.id)
                && let RevisionBody::Schema(schema) = &revision.body
                && let Some(verify) = &schema.verify
                && let Some(sign) = against(connection, verify).await
            {
                signs.push(format!("revision {id} doesn't verify: {sign}"));
            }
        }
        let before: BTreeSet<String> = applied.keys().cloned().collect();
        for id in self.manifest.graph.applied_heads(&before) {
            let revision = self.revision(id);
            if !after.contains(id)
                && let RevisionBody::Schema(schema) = &revision.body
                && let Some(verify) = &schema.verify
                && against(connection, verify).await.is_none()
            {
                signs.push(format!("revision {id} would count as not applied, and verifies"));
            }
        }
        let (were, are) = (self.tables_after(&before), self.tables_after(&after));
        for (table, wanted) in
            are.iter().map(|table| (table, true)).chain(were.difference(&are).map(|t| (t, false)))
        {
            let found = super::indexes::is_there(connection, table).await;
            match (wanted, found.map_err(HistoryError::sql("look for a table"))?) {
                (true, false) => signs.push(format!("there is no table {table}")),
                (false, true) => signs.push(format!("there is a table {table}")),
                _ => {}
            }
        }
        Ok(signs)
    }

    /// The tables that these revisions plainly leave behind.
    fn tables_after(&self, applied: &BTreeSet<String>) -> BTreeSet<String> {
        let mut tables = BTreeSet::new();
        let unconditional = |id: &&str| applied.contains(*id) && self.revision(id).condition.is_none();
        for id in self.manifest.graph.order().into_iter().filter(unconditional) {
            match &self.revision(id).body {
                RevisionBody::Schema(SchemaRevision { up: Section::Transaction(sql), .. }) => {
                    manifest::follow_tables(sql, &mut tables);
                }
                RevisionBody::Schema(SchemaRevision { up: Section::Statements(statements), .. }) => {
                    for sql in statements {
                        manifest::follow_tables(sql, &mut tables);
                    }
                }
                RevisionBody::Data(_) => {}
            }
        }
        tables
    }
}

/// Whether the queries of `-- migrate:verify` don't hold, or can't even be asked. They change nothing.
async fn against(connection: &Connection, verify: &str) -> Option<String> {
    let begun =
        connection.begin_afresh(&format!("SET TRANSACTION READ ONLY; {}", search_path::AS_AUTHOR)).await;
    let answers = match begun {
        Ok(()) => connection.simple_query(verify).await,
        Err(error) => Err(error),
    };
    let sign = match answers {
        Ok(answers) => hold(&answers).err().map(|not| format!("query {} returned {}", not.number, not.found)),
        Err(error) => Some(error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned())),
    };
    let _ = connection.batch_execute("ROLLBACK").await;
    sign
}
