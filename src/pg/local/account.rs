//! The account that the server runs under. PostgreSQL refuses to run as root, so that root needs another one; anyone
//! else runs it as themselves.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::LocalError;

const PASSWD: &str = "/etc/passwd";

/// Tried in this order, before any other account.
const PREFERRED: [&str; 2] = ["postgres", "nobody"];

/// Who runs the server.
#[derive(Clone, Debug)]
pub(super) enum ServerAccount {
    /// Whoever runs this process.
    Current,
    /// Another account, since this process is root's.
    Other(PasswdEntry),
}

/// What a line of /etc/passwd says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PasswdEntry {
    name: String,
    user_id: u32,
    group_id: u32,
}

impl ServerAccount {
    /// The account for a server that this process starts.
    pub(super) fn choose() -> Result<Self, LocalError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Current);
        }
        let passwd = std::fs::read_to_string(PASSWD).map_err(|source| LocalError::File {
            doing: "read",
            path: PASSWD.into(),
            source,
        })?;
        preferred(&passwd).map(Self::Other).ok_or(LocalError::NoAccount)
    }

    /// A command that runs `program` under this account, in `/` and without the `PG*` variables of this process,
    /// which are meant for its user's database. Messages come in English, times in UTC.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
        if let Self::Other(entry) = self {
            // The standard library drops root's supplementary groups along with its user id.
            command.uid(entry.user_id).gid(entry.group_id);
        }
        command
    }

    /// Gives a file or directory to this account.
    pub(super) fn give(&self, path: &Path) -> Result<(), LocalError> {
        match self {
            Self::Current => Ok(()),
            Self::Other(entry) => chown(path, Some(entry.user_id), Some(entry.group_id))
                .map_err(|source| LocalError::File { doing: "give away", path: path.into(), source }),
        }
    }
}

impl std::fmt::Display for ServerAccount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => write!(formatter, "the current user"),
            Self::Other(entry) => write!(formatter, "the account `{}`", entry.name),
        }
    }
}

fn preferred(passwd: &str) -> Option<PasswdEntry> {
    let usable: Vec<_> = passwd.lines().filter_map(parse).filter(|entry| entry.user_id != 0).collect();
    let named = PREFERRED.iter().find_map(|name| usable.iter().find(|entry| entry.name == *name));
    named.or(usable.first()).cloned()
}

fn parse(line: &str) -> Option<PasswdEntry> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with(['#', '+', '-']))?;
    let user_id = fields.nth(1)?.parse().ok()?;
    let group_id = fields.next()?.parse().ok()?;
    Some(PasswdEntry { name: name.to_owned(), user_id, group_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "root:x:0:0:root:/root:/bin/bash\n\
        daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
        postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n";

    fn name_of(passwd: &str) -> Option<String> {
        preferred(passwd).map(|entry| entry.name)
    }

    #[test]
    fn postgres_is_preferred_to_nobody_and_nobody_to_the_rest() {
        let entry = preferred(DEBIAN).unwrap();
        assert_eq!(entry, PasswdEntry { name: "postgres".to_owned(), user_id: 101, group_id: 104 });
        assert_eq!(name_of(&DEBIAN.replace("postgres:", "other:")).as_deref(), Some("nobody"));
        assert_eq!(name_of("root:x:0:0::/:\ndaemon:x:1:1::/:\nbin:x:2:2::/:").as_deref(), Some("daemon"));
    }

    #[test]
    fn root_under_another_name_comments_and_broken_lines_are_passed_over() {
        assert_eq!(name_of("toor:x:0:0::/:\n# User Database\n\nhalf:x:5\n+::::::\n"), None);
        assert_eq!(name_of("nobody:*:-2:-2::/:\n_uucp:*:4:4::/:"), Some("_uucp".to_owned()));
    }
}
