//! The private directory: made here with what `supervise.sh` needs to fill it (a password, the settings), and removed
//! by it. The directory belongs to the server's account and nobody else can look inside.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::LocalError;
use super::account::ServerAccount;
use super::server::{Durability, LocalServerOptions};

/// The operating systems limit a socket's path to some 100 bytes, of which its name and the directory's take 40.
const LONGEST_BASE: usize = 60;

/// Room for a test suite that runs in parallel.
const MAX_CONNECTIONS: &str = "200";

/// A directory that is ready for `supervise.sh`.
#[derive(Debug)]
pub(super) struct PrivateDirectory {
    pub(super) path: PathBuf,
    pub(super) password: String,
    pub(super) port: u16,
}

impl PrivateDirectory {
    /// Makes the directory and what belongs into it. If that fails, nothing is left.
    pub(super) async fn create(
        account: &ServerAccount,
        options: &LocalServerOptions,
    ) -> Result<(tempfile::TempDir, Self), LocalError> {
        let base = temporary_base(account).await?;
        let directory = tempfile::Builder::new()
            .prefix("longhaul-pg-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(&base)
            .map_err(|source| LocalError::File { doing: "create a directory in", path: base, source })?;
        let path = directory.path().to_owned();
        // From the system's source of randomness, like every UUID of version 4.
        let password = uuid::Uuid::new_v4().simple().to_string();
        let port = free_port(&path)?;
        write_private(account, &path.join("password"), &password)?;
        write_private(account, &path.join("settings.conf"), &configuration(&path, port, options)?)?;
        account.give(&path)?;
        Ok((directory, Self { path, password, port }))
    }

    /// The last lines of the log of `initdb` and the server.
    pub(super) fn log_tail(&self) -> String {
        let log = std::fs::read(self.path.join("log")).unwrap_or_default();
        tail(&String::from_utf8_lossy(&log), 20)
    }

    /// Whether the server has ended, or could not be started.
    pub(super) fn has_ended(&self) -> bool {
        self.path.join("ended").exists()
    }

    /// The process id that the server has written into its lock file.
    pub(super) fn postmaster_pid(&self) -> Option<u32> {
        let lock = std::fs::read_to_string(self.path.join("data/postmaster.pid")).ok()?;
        lock.lines().next()?.trim().parse().ok()
    }
}

/// The last `lines` lines.
pub(super) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim().lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

async fn temporary_base(account: &ServerAccount) -> Result<PathBuf, LocalError> {
    for base in [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()] {
        if base.is_absolute() && base.as_os_str().len() <= LONGEST_BASE && can_write(account, &base).await? {
            return Ok(base);
        }
    }
    Err(LocalError::NoTemporaryDirectory { account: account.to_string() })
}

/// Asked of the system under the account itself, which takes all of the path and of the system's rules into account.
async fn can_write(account: &ServerAccount, base: &Path) -> Result<bool, LocalError> {
    let mut command = account.command("/bin/sh");
    command.args(["-c", "test -d \"$1\" && test -w \"$1\" && test -x \"$1\"", "sh"]).arg(base);
    let status = tokio::process::Command::from(command)
        .status()
        .await
        .map_err(|source| LocalError::Program { program: "/bin/sh".to_owned(), source })?;
    Ok(status.success())
}

/// A port that was free a moment ago. Somebody else may take it before the server does; then all is tried again.
fn free_port(directory: &Path) -> Result<u16, LocalError> {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| Ok(listener.local_addr()?.port()))
        .map_err(|source| LocalError::File {
            doing: "find a port for the server in",
            path: directory.into(),
            source,
        })
}

fn write_private(account: &ServerAccount, path: &Path, content: &str) -> Result<(), LocalError> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(|source| LocalError::File { doing: "write", path: path.into(), source })?;
    account.give(path)
}

/// What is appended to postgresql.conf; a later line wins, so that what this module relies on comes last. In the file
/// and not on the command line, so that a test's ALTER SYSTEM works.
fn configuration(directory: &Path, port: u16, options: &LocalServerOptions) -> Result<String, LocalError> {
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut settings = vec![own("max_connections", MAX_CONNECTIONS), own("log_line_prefix", "%m [%p] %a ")];
    if options.durability == Durability::Volatile {
        settings.extend([own("fsync", "off"), own("full_page_writes", "off")]);
        // Within the directory, where it goes with it even when a test kills the server.
        settings.push(own("dynamic_shared_memory_type", "mmap"));
    }
    settings.extend(options.settings.iter().cloned());
    settings.extend([
        own("listen_addresses", "127.0.0.1"),
        own("port", &port.to_string()),
        own("unix_socket_directories", &directory.to_string_lossy()),
    ]);
    let mut lines = String::from("\n");
    for (name, value) in settings {
        if !is_setting_name(&name) || value.contains(char::is_control) {
            return Err(LocalError::Setting { name });
        }
        let value = value.replace('\\', "\\\\").replace('\'', "''");
        writeln!(lines, "{name} = '{value}'").expect("writing to a String does not fail");
    }
    Ok(lines)
}

fn is_setting_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_setting(name: &str, value: &str) -> Result<String, LocalError> {
        let settings = vec![(name.to_owned(), value.to_owned())];
        let options = LocalServerOptions { settings, ..LocalServerOptions::default() };
        configuration(Path::new("/tmp/x"), 5433, &options)
    }

    #[test]
    fn settings_are_quoted_for_the_configuration_file() {
        assert!(
            with_setting("log_line_prefix", r"it's \d").unwrap().contains(r"log_line_prefix = 'it''s \\d'")
        );
        assert!(
            with_setting("pg_stat_statements.max", "100").unwrap().contains("pg_stat_statements.max = '100'")
        );
    }

    #[test]
    fn a_setting_cannot_smuggle_in_another_line() {
        assert!(matches!(with_setting("work_mem", "1MB\nport = 1"), Err(LocalError::Setting { .. })));
        assert!(matches!(with_setting("work_mem = 1\nport", "1"), Err(LocalError::Setting { .. })));
        assert!(matches!(with_setting("", "1"), Err(LocalError::Setting { .. })));
    }

    #[test]
    fn the_end_of_a_log_is_its_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a\n", 2), "a");
        assert_eq!(tail("", 2), "");
    }
}
