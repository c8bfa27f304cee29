//! A primary and its streaming standby, both a test's own.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use longhaul::clock::Clock;
use longhaul::pg::local::{Durability, LocalServer, LocalServerOptions};
use tokio::process::{Child, Command};
use tokio_postgres::{Client, NoTls};

use super::{Database, wait_for};

/// A primary of a test's own; it ends with the test.
pub(crate) struct Primary {
    server: LocalServer,
}

/// Its standby, which dies with the test: it is a child of this very thread.
pub(crate) struct Standby {
    pub(crate) client: Client,
    _process: Child,
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

    /// A standby that streams.
    pub(crate) async fn standby(&self) -> Standby {
        let directory = self.server.socket_dir().join("standby");
        let host = self.server.socket_dir().to_str().unwrap();
        let port = self.server.port().to_string();
        let data = directory.to_str().unwrap();
        let copy = ["-D", data, "-R", "-X", "stream", "-c", "fast", "-h", host, "-p", &port, "-U", "admin"];
        let copied = self.program("pg_basebackup", &copy).output().await.unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let own_port = listener.local_addr().unwrap().port().to_string();
        drop(listener);
        let process = self.program("postgres", &["-D", data, "-p", &own_port]).spawn().unwrap();
        let url = self.server.url("postgres").replace(&format!(":{port}/"), &format!(":{own_port}/"));
        wait_for("the standby takes connections", || async {
            tokio_postgres::connect(&url, NoTls).await.is_ok()
        })
        .await;
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        Standby { client, _process: process }
    }

    /// A program of the server's version, as whoever the server runs as; it ends with this thread.
    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let owner = std::fs::metadata(self.server.socket_dir()).unwrap();
        let path = Path::new(self.server.bin_dir()).join(name);
        let mut command = Command::new("setpriv");
        if owner.uid() != rustix::process::getuid().as_raw() {
            command
                .arg(format!("--reuid={}", owner.uid()))
                .arg(format!("--regid={}", owner.gid()))
                .arg("--clear-groups");
        }
        command.args(["--pdeathsig", "KILL", "--"]).arg(path).args(arguments);
        let libraries = self.server.bin_dir().parent().unwrap().join("lib");
        command.env("PGPASSWORD", self.server.password()).env("LD_LIBRARY_PATH", libraries).current_dir("/");
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).kill_on_drop(true);
        command
    }
}

impl Standby {
    pub(crate) async fn pause_replay(&self) {
        self.client.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
    }

    pub(crate) async fn resume_replay(&self) {
        self.client.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
    }
}
