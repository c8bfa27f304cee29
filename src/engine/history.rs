//! The history: schema revisions in a transaction each, data revisions through the engine, in the graph's order; up, down,
//! and recorded without running.
//!
//! ```text
//! Session::begin ─► the way (plan::graph) ─► for each revision: change (attempt, attempt, …) ─► recorded
//!  (alone, state read)                            data: the lock is let go ─► engine::run ─► recorded
//! ```
//!
//! A revision is recorded in the transaction that applies it (a data revision: once its run is signed off; a section that
//! runs outside transactions: statement by statement), so what is recorded is what is done, wherever the process dies.

mod attempt;
mod blockers;
mod by_statements;
mod callbacks;
mod changed;
mod data;
mod error;
mod execution;
mod indexes;
mod lint;
mod lock;
mod observed;
mod patience;
mod roundtrip;
mod safeguard;
mod script;
mod session;
mod stamp;
mod statement;
mod timing;
mod undoing;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

pub use attempt::Done;
pub use data::JobOutcome;
pub use error::{ChangedFile, FailedSection, Gate, HistoryError};
pub use roundtrip::{RoundtripFinding, RoundtripProblem};
pub use script::ScriptRequest;
pub use stamp::{StampRequest, Stamped};

use super::run::{Ended, Engine, RunRequest};
use crate::config::LintBefore;
use crate::manifest::Manifest;
use crate::model::{Direction, Revision, RevisionBody, RevisionId, Section};
use crate::pg::Connection;
use crate::store::AppliedRevision;
use lint::Promises;
use session::{Change, Session};

/// The history of one directory on one database.
pub struct History<'h> {
    /// What does the work.
    pub engine: &'h Engine<'h>,
    /// The files.
    pub manifest: &'h Manifest,
}

/// How the history is changed, whichever way.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangeOptions<'r> {
    /// A word that is kept with each event: a release, a ticket.
    pub tag: Option<&'r str>,
    /// What to think of a statement that a dead process may have done.
    pub in_doubt: InDoubt,
    /// What a person has agreed to see undone; anything else is not.
    pub agreed: Option<&'r [RevisionId]>,
    /// How the runs of data revisions are worked on.
    pub request: RunRequest,
    /// What to make of findings that are dangerous; `None`: as the settings say.
    pub lint: Option<LintBefore>,
    /// What lint told of each revision; nothing where it didn't look.
    pub(crate) promises: Option<&'r Promises>,
}

/// What to think of a statement that no transaction protects, and that was begun by a process that died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InDoubt {
    /// Find it out, and where that can't be done, stop.
    #[default]
    Ask,
    /// It is done.
    Done,
    /// It is to be run again.
    Again,
}

/// What an upgrade does with data revisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataRevisions {
    /// It runs them, and waits.
    #[default]
    Run,
    /// It leaves them and all that follows them.
    Leave,
    /// It leaves them, and asks workers to go on to the target.
    Detach,
}

/// What became of one revision.
#[derive(Debug)]
pub enum HistoryStep {
    /// Applied or undone.
    Changed(RevisionId, Direction, Done),
    /// A job that the operator stopped.
    Stopped {
        /// Its name.
        job: String,
        /// How it stands.
        ended: Box<Ended>,
    },
    /// Left, because it is a data revision or follows one: each with its state.
    Left(Vec<String>),
}

/// The way that an upgrade goes.
#[derive(Debug, Default)]
pub struct Way {
    /// What is applied, in order.
    pub path: Vec<RevisionId>,
    /// What is left: data revisions and what follows them.
    pub left: Vec<RevisionId>,
}

impl History<'_> {
    /// Applies what is pending up to the target. Stops at the first revision that fails or is stopped; those before it stay
    /// applied.
    pub async fn upgrade(
        &self,
        target: &str,
        data: DataRevisions,
        options: &ChangeOptions<'_>,
    ) -> Result<Vec<HistoryStep>, HistoryError> {
        // What is refused leaves no control schema behind, and where nothing is pending nobody is waited for.
        let connection = self.look("upgrade").await?;
        let (mut way, waits) = match self.way_up(&connection, target, data).await {
            Err(HistoryError::HalfDone { .. }) => (Way::default(), true),
            way => (way?, false),
        };
        let promises = self.lint_before(&connection, &way, (data, options)).await?;
        drop(connection);
        let options = &ChangeOptions { promises: Some(&promises), ..*options };
        let mut steps = Vec::new();
        // What is half done may be in the hands of another process at this moment.
        if waits || !way.path.is_empty() {
            let session = Session::begin(self, options, "upgrade").await?;
            way = self.way_up(&session.connection, target, data).await?;
            // Another process may have done it all while it was waited for.
            if !way.path.is_empty() {
                Box::pin(self.safeguard(&session.connection, &way.path, Direction::Up)).await?;
                let work = Box::pin(self.go_up(session, &way.path, &mut steps));
                callbacks::around(self, Direction::Up, &way.path, work).await?;
            }
        }
        if !way.left.is_empty() {
            if data == DataRevisions::Detach {
                self.ask_workers(&way.left, options).await?;
            }
            let connection = self.look("upgrade").await?;
            steps.push(HistoryStep::Left(self.describe(&connection, &way.left).await?));
        }
        Ok(steps)
    }

    /// Undoes what is applied down to the target, in the opposite order.
    pub async fn downgrade(
        &self,
        target: &str,
        options: &ChangeOptions<'_>,
    ) -> Result<Vec<HistoryStep>, HistoryError> {
        match self.way_down(&self.look("downgrade").await?, target).await {
            Ok((path, _)) if path.is_empty() => return Ok(Vec::new()),
            // It may be in the hands of another process at this moment.
            Ok(_) | Err(HistoryError::HalfDone { .. }) => {}
            Err(error) => return Err(error),
        }
        let session = Session::begin(self, options, "downgrade").await?;
        let (path, applied) = self.way_down(&session.connection, target).await?;
        if path.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(revision) = path.first().filter(|_| options.agreed.is_some_and(|agreed| agreed != path)) {
            return Err(HistoryError::Moved { revision: revision.clone(), direction: Direction::Down });
        }
        let mut steps = Vec::new();
        Box::pin(self.safeguard(&session.connection, &path, Direction::Down)).await?;
        undoing::record_downgrade(self, &session.connection, target, &path).await?;
        let work = Box::pin(self.go_down(session, &path, &applied, &mut steps));
        callbacks::around(self, Direction::Down, &path, work).await?;
        Ok(steps)
    }

    /// Relative targets are asked for by the revision they mean now.
    async fn ask_workers(
        &self,
        left: &[RevisionId],
        options: &ChangeOptions<'_>,
    ) -> Result<(), HistoryError> {
        let engine = self.engine;
        let mut connection = engine.connector.connect("upgrade").await?;
        engine.store.install(&mut connection).await?;
        for target in self.manifest.graph.tops_of(left.iter().map(|id| id.0.as_str())) {
            engine.store.request_upgrade(&*connection, engine.identity, (target, options.tag)).await?;
        }
        Ok(())
    }

    /// A connection to see where the database stands. An older control schema is brought up; none is made.
    pub async fn look(&self, doing: &str) -> Result<Connection, HistoryError> {
        let mut connection = self.engine.connector.connect(doing).await?;
        self.engine.store.refuse_to_come_first(&connection).await?;
        self.engine.store.bring_up(&mut connection).await?;
        Ok(connection)
    }

    /// What an upgrade to the target would do from where the database stands; an error where it would be refused. Writes
    /// nothing.
    pub async fn way_up(
        &self,
        connection: &Connection,
        target: &str,
        data: DataRevisions,
    ) -> Result<Way, HistoryError> {
        let applied = self.applied(connection).await?;
        self.refuse_unknown(&applied)?;
        self.refuse_changed(&applied)?;
        let ids: BTreeSet<String> = applied.into_keys().collect();
        let path = self.manifest.graph.upgrade_path(&ids, target)?;
        for (id, direction, done) in self.half_done(connection).await? {
            let is_job = self.manifest.revision(&id).is_some_and(|revision| revision.job().is_some());
            if direction == Direction::Down && !is_job && path.contains(&id.as_str()) {
                return Err(HistoryError::HalfDone { revision: RevisionId(id), direction, done });
            }
        }
        let mut way = Way::default();
        for id in path {
            let revision = self.revision(id);
            let follows = |before: &RevisionId| way.left.contains(before);
            let blocked = revision.job().is_some() || revision.follows().any(follows);
            let side = if data != DataRevisions::Run && blocked { &mut way.left } else { &mut way.path };
            side.push(revision.id.clone());
        }
        let must_arrive = data == DataRevisions::Leave && !matches!(target, "head" | "heads");
        if let Some(last) = way.left.last().filter(|_| must_arrive) {
            let missing = self.describe(connection, &way.left[..way.left.len() - 1]).await?;
            if !missing.is_empty() {
                let next = way.left[0].to_string();
                return Err(Gate { what: format!("revision {last}"), missing, next }.into());
            }
        }
        Ok(way)
    }

    /// What a downgrade to the target would undo, and all that is applied. Writes nothing.
    pub async fn way_down(
        &self,
        connection: &Connection,
        target: &str,
    ) -> Result<(Vec<RevisionId>, BTreeMap<String, AppliedRevision>), HistoryError> {
        let applied = self.applied(connection).await?;
        self.refuse_unknown(&applied)?;
        let mut ids: BTreeSet<String> = applied.keys().cloned().collect();
        for (id, direction, done) in self.half_done(connection).await? {
            if direction == Direction::Up {
                return Err(HistoryError::HalfDone { revision: RevisionId(id), direction, done });
            }
            // What is half undone is to be undone to its end.
            ids.insert(id);
        }
        let path = self.manifest.graph.downgrade_path(&ids, target)?;
        let skipped = |id: &str| applied.get(id).is_some_and(|found| found.origin == "skipped");
        self.refuse_irreversible(path.iter().copied().filter(|id| !skipped(id)))?;
        Ok((path.into_iter().map(|id| RevisionId(id.to_owned())).collect(), applied))
    }

    async fn go_up(
        &self,
        session: Session<'_>,
        path: &[RevisionId],
        steps: &mut Vec<HistoryStep>,
    ) -> Result<(), HistoryError> {
        let (options, mut session) = (session.options, Some(session));
        for id in path {
            let revision = self.revision(&id.0);
            let mut alone = Session::go_on(session.take(), self, options, "upgrade").await?;
            let step = match &revision.body {
                RevisionBody::Schema(schema) => {
                    let neighbours = revision.follows().map(|before| before.0.as_str()).collect();
                    let change = Change {
                        revision,
                        direction: Direction::Up,
                        section: &schema.up,
                        verify: schema.verify.as_deref(),
                        neighbours,
                    };
                    let done = alone.change(&change).await?;
                    session = Some(alone);
                    HistoryStep::Changed(id.clone(), Direction::Up, done)
                }
                RevisionBody::Data(job) => {
                    alone.may_go_on(id)?;
                    // It may take nights, and others keep away from it by themselves.
                    alone.end().await;
                    self.run_revision(job, revision, options).await?
                }
            };
            let stopped = matches!(step, HistoryStep::Stopped { .. });
            steps.push(step);
            if stopped {
                break;
            }
        }
        Ok(())
    }

    async fn go_down(
        &self,
        session: Session<'_>,
        path: &[RevisionId],
        applied: &BTreeMap<String, AppliedRevision>,
        steps: &mut Vec<HistoryStep>,
    ) -> Result<(), HistoryError> {
        let nothing = Section::default();
        let (options, mut session) = (session.options, Some(session));
        for id in path {
            let revision = self.revision(&id.0);
            let skipped = applied.get(&id.0).is_some_and(|found| found.origin == "skipped");
            let mut alone = Session::go_on(session.take(), self, options, "downgrade").await?;
            let step = match &revision.body {
                RevisionBody::Data(job) if !skipped => Box::pin(self.take_back(alone, job, revision)).await?,
                body => {
                    let down = match body {
                        RevisionBody::Schema(schema) if !skipped => schema.down.as_ref().unwrap_or(&nothing),
                        _ => &nothing,
                    };
                    let change = Change {
                        revision,
                        direction: Direction::Down,
                        section: down,
                        verify: None,
                        neighbours: self.manifest.graph.followers(&id.0),
                    };
                    let done = alone.change(&change).await?;
                    session = Some(alone);
                    HistoryStep::Changed(id.clone(), Direction::Down, done)
                }
            };
            let stopped = matches!(step, HistoryStep::Stopped { .. });
            steps.push(step);
            if stopped {
                break;
            }
        }
        Ok(())
    }

    fn revision(&self, id: &str) -> &Revision {
        self.manifest.revision(id).expect("the graph was built from these revisions")
    }

    /// What is applied; nothing where there is no control schema.
    pub async fn applied(
        &self,
        connection: &Connection,
    ) -> Result<BTreeMap<String, AppliedRevision>, HistoryError> {
        if !self.engine.store.is_readable(connection).await? {
            return Ok(BTreeMap::new());
        }
        Ok(self.engine.store.applied(&**connection).await?)
    }

    /// Revisions that are half applied or half undone: id, which way, statements done.
    pub async fn half_done(
        &self,
        connection: &Connection,
    ) -> Result<Vec<(String, Direction, i32)>, HistoryError> {
        if !self.engine.store.is_readable(connection).await? {
            return Ok(Vec::new());
        }
        Ok(self.engine.store.unfinished_sections(&**connection).await?)
    }

    /// An error if one of the revisions has nothing that takes it back.
    pub fn refuse_irreversible<'i>(&self, ids: impl Iterator<Item = &'i str>) -> Result<(), HistoryError> {
        let stuck = ids.filter(|id| !self.revision(id).is_reversible());
        let revisions: Vec<String> = stuck.map(str::to_owned).collect();
        if revisions.is_empty() { Ok(()) } else { Err(HistoryError::Irreversible { revisions }) }
    }

    fn refuse_unknown(&self, applied: &BTreeMap<String, AppliedRevision>) -> Result<(), HistoryError> {
        let revisions: Vec<String> =
            applied.keys().filter(|id| self.manifest.graph.node(id).is_none()).cloned().collect();
        if revisions.is_empty() { Ok(()) } else { Err(HistoryError::UnknownApplied { revisions }) }
    }
}
