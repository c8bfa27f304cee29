//! A running private server: starting it, reaching it, stopping it.

use std::path::Path;
use std::time::Duration;

use tokio_postgres::NoTls;

use super::account::ServerAccount;
use super::cluster::PrivateDirectory;
use super::supervisor::Supervisor;
use super::version::ServerVersion;
use super::{Installation, LocalError};
use crate::clock::Clock;

/// The name of the server's one role. Not `longhaul`: a role that is named like the control schema finds it first, by the
/// default `search_path` of `"$user", public`.
pub const SUPERUSER: &str = "admin";

const VERSION_VARIABLE: &str = "LONGHAUL_PG_VERSION";
const HOST: &str = "127.0.0.1";
const START_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(25);
const PORT_ATTEMPTS: u32 = 5;

/// Which server to start, and how.
#[derive(Clone, Debug, Default)]
pub struct LocalServerOptions {
    /// The major version, 14 to 18; `None` for the newest on the machine, else [`DEFAULT_MAJOR`](super::DEFAULT_MAJOR).
    pub version: Option<u16>,
    /// What survives a crash of the machine.
    pub durability: Durability,
    /// Further settings, name and value, as in postgresql.conf.
    pub settings: Vec<(String, String)>,
}

impl LocalServerOptions {
    /// The version that `LONGHAUL_PG_VERSION` asks for, if it does; for tests and benchmarks, which have no flags.
    pub fn from_environment() -> Result<Self, LocalError> {
        let version = std::env::var(VERSION_VARIABLE).ok().filter(|text| !text.is_empty());
        let version = version.map(|text| text.parse().map_err(|_| LocalError::Unsupported { version: text }));
        Ok(Self { version: version.transpose()?, ..Self::default() })
    }
}

/// What survives a crash of the machine. A crash of the server loses no commit either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Everything committed, as in production: what is measured must be measured with this.
    #[default]
    Durable,
    /// Nothing; for tests only, which it makes faster (`fsync` and `full_page_writes` off). `synchronous_commit` stays
    /// on: without fsync it costs next to nothing, and tests that kill the server rely on what was committed.
    Volatile,
}

/// A private server that ends with this value, or with this process, however that ends. Dropping it blocks until the
/// server is gone; in async code prefer [`LocalServer::stop`].
#[derive(Debug)]
pub struct LocalServer {
    // Before the directory: the supervisor removes that.
    supervisor: Supervisor,
    directory: PrivateDirectory,
    installation: Installation,
}

impl LocalServer {
    /// Obtains an installation, starts a server with it and waits until that takes connections. Cancelled, it leaves
    /// nothing behind.
    pub async fn start(clock: &Clock, options: &LocalServerOptions) -> Result<Self, LocalError> {
        let installation = Installation::obtain(options.version).await?;
        Self::start_with(clock, &installation, options).await
    }

    /// As [`LocalServer::start`], with an installation at hand; `options.version` is not looked at.
    pub async fn start_with(
        clock: &Clock,
        installation: &Installation,
        options: &LocalServerOptions,
    ) -> Result<Self, LocalError> {
        let account = ServerAccount::choose()?;
        for _ in 0..PORT_ATTEMPTS {
            let server = Self::spawn(&account, installation, options).await?;
            match server.wait_until_ready(clock).await {
                Ok(()) => return Ok(server),
                Err(LocalError::Start { log, .. }) if lost_its_port(&log) => server.stop().await?,
                Err(error) => {
                    // That the start failed says more than that the stop did too.
                    let _ = server.stop().await;
                    return Err(error);
                }
            }
        }
        Err(LocalError::Ports { attempts: PORT_ATTEMPTS })
    }

    async fn spawn(
        account: &ServerAccount,
        installation: &Installation,
        options: &LocalServerOptions,
    ) -> Result<Self, LocalError> {
        let (guard, directory) = PrivateDirectory::create(account, options).await?;
        let supervisor = Supervisor::spawn(account, installation, &directory.path)?;
        // From here on the supervisor removes it.
        let _ = guard.keep();
        Ok(Self { supervisor, directory, installation: installation.clone() })
    }

    async fn wait_until_ready(&self, clock: &Clock) -> Result<(), LocalError> {
        let deadline = clock.monotonic() + START_TIMEOUT;
        let version = self.version();
        loop {
            if self.directory.has_ended() {
                return Err(LocalError::Start { version, log: self.directory.log_tail() });
            }
            match self.try_connection(clock).await {
                Ok(()) => return Ok(()),
                Err(source) if clock.monotonic() >= deadline => {
                    let (seconds, log) = (START_TIMEOUT.as_secs(), self.directory.log_tail());
                    return Err(LocalError::NotReady { version, seconds, log, source });
                }
                Err(_) => clock.sleep(POLL_INTERVAL).await,
            }
        }
    }

    /// Connects once. Bounded, since whoever took the port before the server may take the connection and say nothing.
    async fn try_connection(&self, clock: &Clock) -> Result<(), Option<tokio_postgres::Error>> {
        let config = self.config();
        tokio::select! {
            connected = config.connect(NoTls) => connected.map(drop).map_err(Some),
            () = clock.sleep(CONNECT_TIMEOUT) => Err(None),
        }
    }

    fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host(HOST).port(self.port()).user(SUPERUSER).password(self.password()).dbname("postgres");
        config
    }

    /// Stops the server and waits until no process and no file of it is left: a tenth of a second, at most some 10.
    /// Cancelled, it goes on by itself.
    pub async fn stop(self) -> Result<(), LocalError> {
        let Self { mut supervisor, directory, .. } = self;
        let ended = tokio::task::spawn_blocking(move || supervisor.end()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            _ => Err(LocalError::Stop { directory: directory.path }),
        }
    }

    /// The address of `database` with user and password, as a `postgresql://` URL. A new server has the database
    /// `postgres`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let (password, port) = (self.password(), self.port());
        format!("postgresql://{SUPERUSER}:{password}@{HOST}:{port}/{}", percent_encode(database))
    }

    /// The variables by which other programs find `database`: `DATABASE_URL` and libpq's.
    #[must_use]
    pub fn environment(&self, database: &str) -> [(&'static str, String); 6] {
        [
            ("DATABASE_URL", self.url(database)),
            ("PGHOST", HOST.to_owned()),
            ("PGPORT", self.port().to_string()),
            ("PGUSER", SUPERUSER.to_owned()),
            ("PGPASSWORD", self.password().to_owned()),
            ("PGDATABASE", database.to_owned()),
        ]
    }

    /// The directory of `postgres`, `initdb` and, usually, `psql` and `pgbench`.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.installation.bin_dir
    }

    /// The server's version.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.installation.version
    }

    /// The directory of the server's Unix socket, its data and its log. Only its account and root can look inside.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.directory.path
    }

    /// The port on 127.0.0.1, and the number in the name of the socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.directory.port
    }

    /// The password of [`SUPERUSER`], made for this server.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.directory.password
    }

    /// The process id of the server's first process, for tests that stop or kill it; `None` when it has ended.
    #[must_use]
    pub fn postmaster_pid(&self) -> Option<u32> {
        if self.directory.has_ended() { None } else { self.directory.postmaster_pid() }
    }

    /// The last lines of the server's log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.directory.log_tail()
    }
}

fn lost_its_port(log: &str) -> bool {
    log.contains("could not create any TCP/IP sockets")
}

fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_names_are_encoded_for_urls() {
        assert_eq!(percent_encode("pay_2024"), "pay_2024");
        assert_eq!(percent_encode("a b/ü"), "a%20b%2F%C3%BC");
    }

    #[test]
    fn only_a_lost_port_is_worth_another_attempt() {
        assert!(lost_its_port("LOG:  could not bind\nFATAL:  could not create any TCP/IP sockets"));
        assert!(!lost_its_port("FATAL:  could not load library"));
    }

    #[tokio::test]
    async fn a_port_that_somebody_took_first_is_recognised() {
        let (account, options) =
            (ServerAccount::choose().unwrap(), LocalServerOptions::from_environment().unwrap());
        let installation = Installation::obtain(options.version).await.unwrap();
        let (guard, directory) = PrivateDirectory::create(&account, &options).await.unwrap();
        let _taken = std::net::TcpListener::bind((HOST, directory.port)).unwrap();
        let supervisor = Supervisor::spawn(&account, &installation, &directory.path).unwrap();
        let _ = guard.keep();
        let server = LocalServer { supervisor, directory, installation };
        let error = server.wait_until_ready(&Clock::system()).await.unwrap_err();
        assert!(matches!(&error, LocalError::Start { log, .. } if lost_its_port(log)), "{error}");
        server.stop().await.unwrap();
    }
}
