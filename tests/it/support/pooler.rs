//! PgBouncer before a test's database, in the mode that the test wants.
//!
//! It is found on the machine, else Debian's package is fetched and unpacked, without root. Where neither can be done the
//! test says so and is left out; with `LONGHAUL_TESTS_NEED_POOLER=1` it fails.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::program::{self, Program};
use super::{Database, wait_for};

const NEED: &str = "LONGHAUL_TESTS_NEED_POOLER";

/// The port may be another's by the time the pooler wants it.
const ATTEMPTS: u32 = 5;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The program and the libraries that came with it.
static FOUND: LazyLock<Result<Vec<PathBuf>, String>> = LazyLock::new(find);

/// How long a client keeps a session of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Until it disconnects.
    Session,
    /// Until its transaction ends.
    Transaction,
}

/// A running pooler, which ends with the test; its files are in the server's private directory and go with that.
pub(crate) struct Pooler {
    /// The database's URL through it.
    pub(crate) url: String,
    configuration: PathBuf,
    parts: Parts,
    program: Program,
}

/// What the configuration is made of.
struct Parts {
    server: String,
    port: u16,
    options: String,
}

impl Pooler {
    /// With these further settings. `None`: there is no PgBouncer, and none can be had.
    pub(crate) async fn before(database: &Database, mode: Mode, options: &str) -> Option<Self> {
        let parts = match tokio::task::spawn_blocking(|| (*FOUND).clone()).await.unwrap() {
            Ok(parts) => parts,
            Err(why) if std::env::var(NEED).is_ok_and(|value| value == "1") => panic!("no PgBouncer: {why}"),
            Err(why) => {
                // Past the test runner, which shows only what failed tests print.
                let notice = format!(
                    "NOT tested: poolers, for want of PgBouncer ({why}): install it to have them tested\n"
                );
                std::io::stderr().write_all(notice.as_bytes()).unwrap();
                return None;
            }
        };
        let directory = directory(database, &parts).await;
        for _ in 0..ATTEMPTS {
            let port = program::free_port();
            if let Some(pooler) = Self::try_start(database, &directory, (mode, port, options)).await {
                return Some(pooler);
            }
        }
        panic!("PgBouncer does not start: {}", program::text_of(&directory.join("output")));
    }

    async fn try_start(
        database: &Database,
        directory: &Path,
        (mode, port, options): (Mode, u16, &str),
    ) -> Option<Self> {
        let (account, place) = database.url.rsplit_once('@').unwrap();
        let (server, name) = place.split_once('/').unwrap();
        let (user, password) = account.rsplit_once('/').unwrap().1.split_once(':').unwrap();
        let configuration = directory.join("pgbouncer.ini");
        let parts = Parts { server: server.to_owned(), port, options: options.to_owned() };
        write(&directory.join("users"), &format!("\"{user}\" \"{password}\"\n"), directory);
        write(&configuration, &parts.text(mode, directory), directory);
        let mut command = program::command(directory, &directory.join("pgbouncer"), Signal::TERM);
        command.arg(&configuration).env("LD_LIBRARY_PATH", directory);
        let mut program = Program::start(command, &directory.join("output"), Signal::TERM);
        let url = format!("{account}@127.0.0.1:{port}/{name}");
        wait_for("the pooler takes a connection or ends", || {
            let (ended, url) = (!program.is_running(), &url);
            async move { ended || tokio_postgres::connect(url, NoTls).await.is_ok() }
        })
        .await;
        program.is_running().then_some(Self { url, configuration, parts, program })
    }

    /// A client of its own, such as an application has.
    pub(crate) async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Changes the mode under those who are connected.
    pub(crate) async fn change_mode(&self, mode: Mode) {
        let directory = self.configuration.parent().unwrap();
        write(&self.configuration, &self.parts.text(mode, directory), directory);
        let console = format!("{}/pgbouncer", self.url.rsplit_once('/').unwrap().0);
        let (client, connection) = tokio_postgres::connect(&console, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.simple_query("RELOAD").await.unwrap();
    }

    /// Ends it and waits until it is gone.
    pub(crate) async fn stop(self) {
        self.program.stop().await;
    }
}

impl Parts {
    fn text(&self, mode: Mode, directory: &Path) -> String {
        let (host, server_port) = self.server.split_once(':').unwrap();
        let Self { port, options, .. } = self;
        let mode = match mode {
            Mode::Session => "session",
            Mode::Transaction => "transaction",
        };
        let users = directory.join("users");
        format!(
            "[databases]\n* = host={host} port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\n\
             admin_users = admin\npool_mode = {mode}\nmax_client_conn = 100\n{options}\n",
            users.display()
        )
    }
}

/// The value that a statement of the simple protocol returns, the only one that a pooler leaves whole.
pub(crate) async fn simple_value(client: &Client, sql: &str) -> String {
    let answers = client.simple_query(sql).await.unwrap();
    let row = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.expect("it returns a row").to_owned()
}

/// A directory of the server's account, inside the server's own, with the program in it: wherever the build is, that
/// account may not look there.
async fn directory(database: &Database, parts: &[PathBuf]) -> PathBuf {
    let data: String = database.value("SELECT current_setting('data_directory')").await;
    let private = Path::new(&data).parent().unwrap();
    let directory = private.join(format!("pooler-{}", NUMBER.fetch_add(1, Ordering::SeqCst)));
    std::fs::create_dir(&directory).unwrap();
    for part in parts {
        let copy = directory.join(part.file_name().unwrap());
        std::fs::copy(part, &copy).unwrap();
        std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o755)).unwrap();
        program::give(&copy, private);
    }
    program::give(&directory, private);
    directory
}

fn write(path: &Path, text: &str, directory: &Path) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    program::give(path, directory);
}

fn find() -> Result<Vec<PathBuf>, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|directory| directory.join("pgbouncer"))
        .find(|program| program.is_file());
    match installed {
        Some(program) => Ok(vec![program]),
        None => fetched(),
    }
}

/// Debian's package, and the libraries that other machines of its kind lack, in a cache beside the tests.
fn fetched() -> Result<Vec<PathBuf>, String> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pgbouncer");
    if !cache.is_dir() {
        let partial = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).map_err(|error| error.to_string())?;
        run(partial.path(), "apt-get", &["download", "pgbouncer"])?;
        let package = the_packages(partial.path()).pop().ok_or("apt-get downloaded nothing")?;
        let depends = run(partial.path(), "dpkg-deb", &["-f", &package, "Depends"])?;
        let names = depends.split(',').filter_map(|depend| depend.split_whitespace().next());
        for name in
            names.filter(|name| ["libcares", "libc-ares", "libevent"].iter().any(|l| name.starts_with(l)))
        {
            run(partial.path(), "apt-get", &["download", name])?;
        }
        for package in the_packages(partial.path()) {
            run(partial.path(), "dpkg-deb", &["-x", &package, "unpacked"])?;
        }
        match std::fs::rename(partial.path().join("unpacked"), &cache) {
            // Somebody else was faster.
            Err(_) if cache.is_dir() => {}
            other => other.map_err(|error| error.to_string())?,
        }
    }
    let mut parts = vec![cache.join("usr/sbin/pgbouncer")];
    for directory in std::fs::read_dir(cache.join("usr/lib")).into_iter().flatten().flatten() {
        let libraries = std::fs::read_dir(directory.path()).into_iter().flatten().flatten();
        parts.extend(
            libraries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains(".so")),
        );
    }
    Ok(parts)
}

fn the_packages(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "deb")).collect()
}

fn run(directory: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{program} {}: {}", arguments.join(" "), said.trim()))
    }
}
