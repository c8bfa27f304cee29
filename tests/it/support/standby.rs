//! A primary and its streaming standby, both a test's own.

use std::path::PathBuf;
use std::process::Stdio;

use longhaul::clock::Clock;
use longhaul::pg::local::{Durability, LocalServer, LocalServerOptions};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};

use super::program::{self, Program};
use super::{Database, wait_for};

/// What ends a standby: an immediate shutdown, which leaves no shared memory behind as SIGKILL would.
const AT_END: Signal = Signal::QUIT;

/// The port may be another's by the time the standby wants it.
const ATTEMPTS: u32 = 5;

/// A primary of a test's own; it ends with the test.
pub(crate) struct Primary {
    server: LocalServer,
}

/// Its standby, which ends with the test; its files are in the primary's private directory and go with that.
pub(crate) struct Standby {
    /// Of the database `postgres` on it, as superuser.
    pub(crate) url: String,
    pub(crate) client: Client,
    program: Program,
}

impl Primary {
    /// With these settings.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let options = LocalServerOptions {
            durability: Durability::Volatile,
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..LocalServerOptions::from_environment().unwrap()
        };
        Self { server: LocalServer::start(&Clock::system(), &options).await.unwrap() }
    }

    /// An empty database on it.
    pub(crate) async fn database(&self) -> Database {
        Database::at(&self.server.url("postgres"), "test").await
    }

    /// Ends it at once, as a power cut does.
    pub(crate) async fn crash(&self, database: &Database) {
        let data: String = database.value("SELECT current_setting('data_directory')").await;
        let file = std::fs::read_to_string(std::path::Path::new(&data).join("postmaster.pid")).unwrap();
        let postmaster = file.lines().next().unwrap().trim().parse().unwrap();
        program::signal(postmaster, Signal::QUIT);
    }

    /// Runs a script by the server's own psql, with these variables.
    pub(crate) async fn psql(&self, database: &Database, script: &str, variables: &[(&str, &str)]) {
        let mut command = self.command("psql");
        command.args(["-X", "-q", "-d", &database.url, "-f", "-"]);
        for (name, value) in variables {
            command.arg("-v").arg(format!("{name}={value}"));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = command.spawn().unwrap();
        let mut input = psql.stdin.take().unwrap();
        input.write_all(script.as_bytes()).await.unwrap();
        drop(input);
        let output = psql.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A standby that streams. One a primary.
    pub(crate) async fn standby(&self) -> Standby {
        let (directory, port) = (self.server.socket_dir(), self.server.port().to_string());
        let data = directory.join("standby").to_str().unwrap().to_owned();
        let host = directory.to_str().unwrap();
        let copy = ["-D", &data, "-R", "-X", "stream", "-c", "fast", "-h", host, "-p", &port, "-U", "admin"];
        let copied = self.command("pg_basebackup").args(copy).output().await.unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        for _ in 0..ATTEMPTS {
            if let Some(standby) = self.try_standby(&data, program::free_port()).await {
                self.is_streaming().await;
                return standby;
            }
        }
        panic!("the standby does not start: {}", program::text_of(&self.log()));
    }

    /// `None`: it ended before it took a connection.
    async fn try_standby(&self, data: &str, port: u16) -> Option<Standby> {
        let mut command = self.command("postgres");
        command.args(["-D", data, "-p", &port.to_string()]);
        let mut program = Program::start(command, &self.log(), AT_END);
        let own = format!(":{}/", self.server.port());
        let url = self.server.url("postgres").replace(&own, &format!(":{port}/"));
        wait_for("the standby takes a connection or ends", || {
            let (ended, url) = (!program.is_running(), &url);
            async move { ended || tokio_postgres::connect(url, NoTls).await.is_ok() }
        })
        .await;
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.ok()?;
        tokio::spawn(connection);
        Some(Standby { url, client, program })
    }

    /// Waits until the standby takes what the primary writes as it writes it.
    async fn is_streaming(&self) {
        let (client, connection) =
            tokio_postgres::connect(&self.server.url("postgres"), NoTls).await.unwrap();
        tokio::spawn(connection);
        wait_for("the standby streams", || async {
            let sql = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
            client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 1
        })
        .await;
    }

    fn log(&self) -> PathBuf {
        self.server.socket_dir().join("standby.log")
    }

    /// A program of the server's version.
    fn command(&self, name: &str) -> Command {
        let mut command =
            program::command(self.server.socket_dir(), &self.server.bin_dir().join(name), AT_END);
        let libraries = self.server.bin_dir().parent().unwrap().join("lib");
        command.env("PGPASSWORD", self.server.password()).env("LD_LIBRARY_PATH", libraries);
        command
    }
}

impl Standby {
    pub(crate) async fn pause_replay(&self) {
        self.client.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
        let paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'";
        wait_for("the replay is paused", || async {
            self.client.query_one(paused, &[]).await.unwrap().get(0)
        })
        .await;
    }

    pub(crate) async fn resume_replay(&self) {
        self.client.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
    }

    /// Makes it a primary.
    pub(crate) async fn promote(&self) {
        self.client.batch_execute("SELECT pg_promote()").await.unwrap();
    }

    /// Ends it and waits until it is gone.
    pub(crate) async fn stop(self) {
        self.program.stop().await;
    }
}
