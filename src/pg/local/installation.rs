//! PostgreSQL's programs: those on the machine, else those that [`download`](super::download) brings.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::LocalError;
use super::account::ServerAccount;
use super::download;
use super::version::{DEFAULT_MAJOR, SUPPORTED_MAJORS, ServerVersion};

/// Names a directory with `postgres` and `initdb`, to be used before any other.
const BIN_VARIABLE: &str = "LONGHAUL_PG_BIN";

/// Where packages put PostgreSQL: the parent, how the names of its versions begin, and where the programs are within.
const PACKAGED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// A directory of PostgreSQL's programs that the server's account has been seen to run.
#[derive(Clone, Debug)]
pub struct Installation {
    pub(super) bin_dir: PathBuf,
    pub(super) library_dir: Option<PathBuf>,
    pub(super) version: ServerVersion,
}

impl Installation {
    /// Finds or fetches major version `major`; with `None`, takes the newest on the machine (that of
    /// `LONGHAUL_PG_BIN` before all others), else fetches [`DEFAULT_MAJOR`].
    pub async fn obtain(major: Option<u16>) -> Result<Self, LocalError> {
        match Self::find(major).await? {
            Some(found) => Ok(found),
            None => Self::fetch(major).await,
        }
    }

    /// Looks on the machine, then among what was fetched earlier. Downloads nothing.
    pub async fn find(major: Option<u16>) -> Result<Option<Self>, LocalError> {
        check_supported(major)?;
        let account = ServerAccount::choose()?;
        if let Some(named) = Self::named_by_environment(&account).await?
            && major.is_none_or(|major| major == named.version.major)
        {
            return Ok(Some(named));
        }
        let mut found = Vec::new();
        for bin_dir in distinct(candidates().await) {
            // What does not work is passed over: it may be half an installation, or out of the account's reach.
            found.extend(Self::probe(&account, bin_dir, None).await.ok());
        }
        match choose(found, major) {
            Some(chosen) => Ok(Some(chosen)),
            None => download::find_fetched(&account, major.unwrap_or(DEFAULT_MAJOR)).await,
        }
    }

    /// Fetches major version `major`, or [`DEFAULT_MAJOR`], with `pip`, unless that was done earlier. Some 12 MB.
    /// Cancelled, it leaves at most a `.partial-*` directory in the cache.
    pub async fn fetch(major: Option<u16>) -> Result<Self, LocalError> {
        check_supported(major)?;
        download::fetch(&ServerAccount::choose()?, major.unwrap_or(DEFAULT_MAJOR)).await
    }

    /// The directory of `postgres`, `initdb` and, usually, `psql` and `pgbench`.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// The version of the programs.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    async fn named_by_environment(account: &ServerAccount) -> Result<Option<Self>, LocalError> {
        let Some(bin_dir) = std::env::var_os(BIN_VARIABLE).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let named = Self::probe(account, bin_dir.into(), None).await?;
        check_supported(Some(named.version.major))?;
        Ok(Some(named))
    }

    /// Has the account run the server's program, which shows at once that it can reach it, that its libraries are
    /// there, and its version.
    pub(super) async fn probe(
        account: &ServerAccount,
        bin_dir: PathBuf,
        library_dir: Option<PathBuf>,
    ) -> Result<Self, LocalError> {
        let unusable = |reason: String| LocalError::Unusable {
            bin_dir: bin_dir.clone(),
            account: account.to_string(),
            reason,
        };
        if !bin_dir.join("initdb").is_file() {
            return Err(unusable("there is no `initdb`".to_owned()));
        }
        let mut command = account.command(bin_dir.join("postgres"));
        command.arg("--version");
        let output = tokio::process::Command::from(command)
            .output()
            .await
            .map_err(|error| unusable(error.to_string()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let Some(version) = ServerVersion::parse(&said) else {
            return Err(unusable(
                format!("{said}{}", String::from_utf8_lossy(&output.stderr)).trim().to_owned(),
            ));
        };
        Ok(Self { bin_dir, library_dir, version })
    }
}

fn check_supported(major: Option<u16>) -> Result<(), LocalError> {
    match major.filter(|major| !SUPPORTED_MAJORS.contains(major)) {
        Some(major) => Err(LocalError::Unsupported { version: major.to_string() }),
        None => Ok(()),
    }
}

/// The directories to look into, the more deliberate choices first.
async fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|directory| directory.join("postgres").is_file()).collect();
    if let Ok(output) = tokio::process::Command::new("pg_config").arg("--bindir").output().await
        && output.status.success()
    {
        directories.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    for (parent, prefix) in PACKAGED {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        let packaged = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path().join("bin"));
        directories.extend(packaged);
    }
    directories
}

/// Resolves links at `postgres`, since what lies in PATH is often one link to it without the other programs, and
/// drops what doesn't exist or comes twice.
fn distinct(directories: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = HashSet::new();
    directories
        .into_iter()
        .filter_map(|directory| Some(directory.join("postgres").canonicalize().ok()?.parent()?.to_owned()))
        .filter(|directory| seen.insert(directory.clone()))
        .collect()
}

/// The newest supported one of the major version asked for; of equals the first.
fn choose(found: Vec<Installation>, major: Option<u16>) -> Option<Installation> {
    found
        .into_iter()
        .filter(|one| SUPPORTED_MAJORS.contains(&one.version.major))
        .filter(|one| major.is_none_or(|major| major == one.version.major))
        .reduce(|best, one| if one.version > best.version { one } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(bin_dir: &str, major: u16, minor: u16) -> Installation {
        Installation { bin_dir: bin_dir.into(), library_dir: None, version: ServerVersion { major, minor } }
    }

    fn chosen(found: &[Installation], major: Option<u16>) -> Option<&Path> {
        let bin_dir = choose(found.to_vec(), major)?.bin_dir;
        found.iter().map(Installation::bin_dir).find(|candidate| *candidate == bin_dir)
    }

    #[test]
    fn the_newest_supported_installation_is_chosen_unless_a_version_is_asked_for() {
        let found = [
            installation("/path", 15, 18),
            installation("/ancient", 13, 1),
            installation("/old", 15, 3),
            installation("/new", 17, 2),
            installation("/unreleased", 19, 0),
        ];
        assert_eq!(chosen(&found, None), Some(Path::new("/new")));
        assert_eq!(chosen(&found, Some(15)), Some(Path::new("/path")));
        assert_eq!(chosen(&found, Some(16)), None);
        assert_eq!(chosen(&found[1..2], None), None);
    }

    #[test]
    fn of_two_installations_of_one_version_the_first_found_is_chosen() {
        let found = [installation("/first", 16, 1), installation("/second", 16, 1)];
        assert_eq!(chosen(&found, None), Some(Path::new("/first")));
    }

    #[test]
    fn directories_are_resolved_and_listed_once() {
        let root = tempfile::tempdir().unwrap();
        let (real, linked) = (root.path().join("real"), root.path().join("linked"));
        std::fs::create_dir(&real).unwrap();
        std::fs::create_dir(&linked).unwrap();
        std::fs::write(real.join("postgres"), "").unwrap();
        std::os::unix::fs::symlink(real.join("postgres"), linked.join("postgres")).unwrap();
        let missing = root.path().join("missing");
        assert_eq!(distinct(vec![linked, missing, real.clone()]), [real.canonicalize().unwrap()]);
    }

    #[tokio::test]
    async fn an_unsupported_version_is_refused_before_anything_is_looked_for() {
        let error = Installation::obtain(Some(13)).await.unwrap_err();
        assert!(matches!(error, LocalError::Unsupported { .. }), "{error}");
        assert_eq!(error.hint().unwrap(), "ask for one of 14, 15, 16, 17, 18");
    }
}
