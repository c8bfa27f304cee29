//! Workers come, one after another, while a pass is walked.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use crate::engine::RunError;
use crate::engine::takeover::{Runs, still_ours};
use crate::engine::worker::{Session, Tools, Walked, Worker};
use crate::model::{Pass, WorkerId};

/// Who of this process is registered as a worker. They come and go while the heart beats for them.
#[derive(Default)]
pub(in crate::engine) struct Roster(Mutex<Vec<WorkerId>>);

impl Roster {
    pub(in crate::engine) fn add(&self, id: WorkerId) {
        self.0.lock().expect("no holder can panic").push(id);
    }

    /// All of them, the first first.
    pub(in crate::engine) fn ids(&self) -> Vec<WorkerId> {
        self.0.lock().expect("no holder can panic").clone()
    }
}

/// A worker back from its walk, with its number; `None`: it couldn't be had.
pub(super) type Returned<'w> = (u32, Option<Worker<'w>>, Result<Walked, RunError>);

/// A worker on its walk.
pub(super) type Walking<'w> = Pin<Box<dyn Future<Output = Returned<'w>> + 'w>>;

/// A worker that is there walks.
pub(super) async fn walk_on(mut worker: Worker<'_>, pass: Pass) -> Returned<'_> {
    let end = worker.walk(pass).await;
    (worker.number(), Some(worker), end)
}

/// One more worker, registered on a connection of its own, walks.
pub(super) async fn hire<'w>(
    tools: &'w Tools<'w>,
    roster: &'w Roster,
    number: u32,
    pass: Pass,
) -> Returned<'w> {
    let hired = async {
        let Tools { connector, sql, store, run, identity, .. } = tools;
        let connection = connector.connect("batches").await?;
        let mut session = Session::prepare(connection, sql, store).await?;
        let transaction = still_ours(store, session.connection(), &roster.ids(), Runs::Shared).await?;
        let id = WorkerId::fresh();
        store.register_worker(&transaction, id, *run, identity).await?;
        transaction.commit().await.map_err(RunError::sql("register a worker"))?;
        roster.add(id);
        Ok(Worker::new(tools, (id, number), session))
    };
    match hired.await {
        Ok(worker) => walk_on(worker, pass).await,
        Err(error) => (number, None, Err(error)),
    }
}
