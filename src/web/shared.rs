//! What all requests share.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

use super::Reader;
use super::access::{Access, Visitor};
use super::attempts::Attempts;
use super::key::Key;
use super::problem::Problem;
use super::secret::{Secret, Session};
use super::view::{Frame, Viewer};
use crate::clock::Clock;
use crate::observe::metrics::Exporter;
use crate::store::Identity;

/// How long each token of an address that sent wrong ones is looked at: fifty guesses a second get nowhere.
const TURN: Duration = Duration::from_millis(20);

/// What all requests share.
pub(super) struct Shared {
    pub(super) access: Access,
    pub(super) secret: Secret,
    pub(super) attempts: Mutex<Attempts>,
    /// Held while a token is looked at that comes from an address of wrong ones.
    pub(super) comparing: AsyncMutex<()>,
    pub(super) reader: Arc<Reader>,
    /// Answers scrapes.
    pub(super) exporter: Exporter,
    /// One command at a time: each opens a connection.
    pub(super) commands: AsyncMutex<()>,
    pub(super) clock: Clock,
    pub(super) began: Instant,
    /// The database, for people: name, host and port.
    pub(super) database: String,
    pub(super) identity: Identity,
    /// The name of the session's cookie: with the port, since cookies know none.
    pub(super) cookie: String,
}

impl Shared {
    /// The page's monotonic time.
    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic().duration_since(self.began)
    }

    /// How long an address still has to wait for its wrong tokens.
    pub(super) fn wait(&self, address: IpAddr) -> Option<Duration> {
        self.attempts.lock().expect("no holder can panic").wait(address, self.now())
    }

    /// Before a token is compared: those of addresses that wait for their wrong ones are compared one after the other. The
    /// right one gets in all the same: behind a proxy everybody has one address.
    pub(super) async fn take_turn(&self, wait: Option<Duration>) {
        if wait.is_some() {
            let _turn = self.comparing.lock().await;
            self.clock.sleep(TURN).await;
        }
    }

    /// Whether that was the token; slows down who was wrong.
    pub(super) fn count_attempt(&self, address: IpAddr, was_right: bool) {
        let mut attempts = self.attempts.lock().expect("no holder can panic");
        if was_right { attempts.succeeded(address) } else { attempts.failed(address, self.now()) }
    }

    pub(super) fn viewer(&self, visitor: &Visitor, session: &Session) -> Viewer {
        let mark = (!self.access.read_only).then(|| self.secret.form_mark(session));
        Viewer { mark, can_leave: visitor.can_leave, entered: None }
    }

    pub(super) fn frame<'f>(
        &'f self,
        key: Option<&'f Key>,
        viewer: &'f Viewer,
        problem: Option<&'f Problem>,
    ) -> Frame<'f> {
        let read_only = self.access.read_only;
        Frame { database: &self.database, key, viewer, read_only, notice: None, problem }
    }
}
