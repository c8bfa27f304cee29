//! Connections, each with a name in `pg_stat_activity`, a task that drives it, and a way to cancel what it runs.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Statement};

use super::tls::{self, Tls, TlsError};
use super::{pooler, search_path, sqlstate};
use crate::config::Target;

/// The oldest server this version works with (`server_version_num`).
pub const OLDEST_SERVER: i32 = 140_000;

/// Makes connections to one database.
#[derive(Clone, Debug)]
pub struct Connector {
    target: Target,
    timeout: Duration,
    /// Made once: it reads files.
    tls: Result<Tls, Arc<TlsError>>,
    /// Whether it has been looked if a pooler is in between; once is enough.
    looked: Arc<AtomicBool>,
}

/// An open connection. It derefs to the client; dropped, it closes.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    driver: JoinHandle<()>,
    notified: Arc<Notify>,
    prepared: Mutex<HashMap<String, Statement>>,
    tls: Tls,
}

/// Cancels what a connection is running.
pub struct CancelHandle(CancelToken, Tls);

impl CancelHandle {
    /// Sends the request. One that gets lost leaves the statement to its own timeout.
    pub async fn cancel(&self) {
        let _ = self.0.cancel_query(self.1.maker()).await;
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server can't be reached, or refused.
    #[error("can't connect to {target}")]
    Refused {
        /// Database, host and port.
        target: String,
        /// Why.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The server is too old.
    #[error("{target} is PostgreSQL {found}, and longhaul needs 14 or newer")]
    TooOld {
        /// Database, host and port.
        target: String,
        /// Its version as it says.
        found: String,
    },
    /// TLS can't be had as it is wanted.
    #[error("can't connect to {target} with TLS")]
    Tls {
        /// Database, host and port.
        target: String,
        /// Why not.
        #[source]
        source: Arc<TlsError>,
    },
    /// What is sent outside a transaction reaches whichever session is free.
    #[error("{target} is behind a pooler that hands its sessions on after each transaction")]
    Pooled {
        /// Database, host and port.
        target: String,
    },
    /// The server is a standby.
    #[error("{target} is a standby and takes no writes")]
    Standby {
        /// Database, host and port.
        target: String,
    },
}

impl ConnectError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { source, .. } => {
                tls::hint(source).map(str::to_owned).or_else(|| sqlstate::hint(source))
            }
            Self::TooOld { .. } => {
                Some("upgrade the server; 14 is the oldest with what the runner relies on".into())
            }
            Self::Tls { source, .. } => Some(source.hint().to_owned()),
            Self::Pooled { .. } => Some(
                "settings, prepared statements and locks would go to others' sessions: connect to the server itself, \
                 or to a pool in session mode"
                    .into(),
            ),
            Self::Standby { .. } => Some("connect to the primary".into()),
        }
    }
}

/// Settings of every session. Dates and bytes must print in the forms that read back exactly, since keys travel as
/// text; `idle_in_transaction_session_timeout` bounds for how long a client that froze in a batch holds rows that others
/// want, and the range that another process takes over: no longer than the lease. No statement waits for a lock for
/// ever; batches and revisions set a shorter limit of their own. The role's defaults don't reach our transactions.
const SESSION: &str = "SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; \
     SET extra_float_digits = 1; SET standard_conforming_strings = on; \
     SET lock_timeout = '10s'; SET default_transaction_isolation = 'read committed'; \
     SET default_transaction_read_only = off; SET idle_in_transaction_session_timeout = '10s'; \
     SELECT set_config('transaction_timeout', '0', false) \
     WHERE current_setting('server_version_num')::int4 >= 170000";

const RESET: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL";

impl Connector {
    /// A maker of connections to `target` that gives up on each after `timeout`.
    #[must_use]
    pub fn new(target: Target, timeout: Duration) -> Self {
        let tls = tls::connector(target.tls()).map_err(Arc::new);
        Self { target, timeout, tls, looked: Arc::default() }
    }

    /// Where the connections go.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Opens a connection that shows as `longhaul <purpose>`. Cancellation safe: a half-open one is closed.
    pub async fn connect(&self, purpose: &str) -> Result<Connection, ConnectError> {
        let refused = |source| ConnectError::Refused { target: self.target.to_string(), source };
        let mut config = self.target.config().clone();
        config.application_name(format!("longhaul {purpose}"));
        config.connect_timeout(self.timeout);
        // A server that vanished without a word is noticed in half a minute, not in the two hours of the defaults.
        config.keepalives_idle(Duration::from_secs(10)).keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3).tcp_user_timeout(Duration::from_secs(30));
        let tls = self
            .tls
            .clone()
            .map_err(|source| ConnectError::Tls { target: self.target.to_string(), source })?;
        let (client, mut connection) = config.connect(tls.maker()).await.map_err(refused)?;
        let notified = Arc::new(Notify::new());
        let heard = notified.clone();
        let driver = tokio::spawn(async move {
            // An error also reaches whoever waits for an answer, and is told there.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(_) = message {
                    heard.notify_one();
                }
            }
        });
        let connection = Connection { client, driver, notified, prepared: Mutex::default(), tls };
        // Before anything is set: it would be left to somebody else.
        if !self.looked.load(Ordering::Relaxed) {
            let pooled = pooler::hands_sessions_around(&connection, (&config, &connection.tls), self.timeout);
            if pooled.await.map_err(refused)? {
                return Err(ConnectError::Pooled { target: self.target.to_string() });
            }
            self.looked.store(true, Ordering::Relaxed);
        }
        connection.batch_execute(&format!("{}; {SESSION}", search_path::KEEP)).await.map_err(refused)?;
        self.judge_server(&connection).await?;
        Ok(connection)
    }

    async fn judge_server(&self, connection: &Connection) -> Result<(), ConnectError> {
        let target = self.target.to_string();
        let row = connection
            .query_one(
                "SELECT current_setting('server_version_num')::int4, current_setting('server_version'), \
                 pg_is_in_recovery()",
                &[],
            )
            .await
            .map_err(|source| ConnectError::Refused { target: target.clone(), source })?;
        if is_too_old(row.get(0)) {
            return Err(ConnectError::TooOld { target, found: row.get(1) });
        }
        if row.get(2) { Err(ConnectError::Standby { target }) } else { Ok(()) }
    }
}

fn is_too_old(version_num: i32) -> bool {
    version_num < OLDEST_SERVER
}

impl Connection {
    /// Asks the server to cancel what this connection is running. The statement then fails with 57014; one that has
    /// just ended is not touched.
    pub async fn cancel(&self) {
        self.cancel_handle().cancel().await;
    }

    /// The same for later, while the connection itself is in use.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(self.client.cancel_token(), self.tls.clone())
    }

    /// Waits for a notification on a channel that this connection listens to; one that came since the last call counts.
    pub async fn notified(&self) {
        self.notified.notified().await;
    }

    /// The statement, prepared on this connection; once for each text.
    pub async fn prepared(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        let known = self.prepared.lock().expect("no holder can panic").get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared.lock().expect("no holder can panic").insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Somebody's SQL ran that may have taken prepared statements away: they are prepared anew.
    pub fn forget_prepared(&self) {
        self.prepared.lock().expect("no holder can panic").clear();
    }

    /// Takes back whatever was set for the session, the role included, and begins a transaction with these settings. One
    /// round trip.
    pub async fn begin_afresh(&self, settings: &str) -> Result<(), tokio_postgres::Error> {
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
        self.reset(&format!("{begin}; {settings}")).await
    }

    /// Takes back whatever was set for the session, the role included, and sets this.
    pub async fn reset(&self, settings: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(&format!("{RESET}; {}; {SESSION}; {settings}", search_path::KEEP)).await
    }
}

impl std::ops::Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl std::ops::DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_before_14_are_too_old() {
        assert!(is_too_old(130_023));
        assert!(!is_too_old(140_000));
        assert!(!is_too_old(180_006));
    }
}
