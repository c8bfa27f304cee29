//! The environment as a value, so that what reads it can be tested without touching the process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Environment variables, with those of `.env` below them.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, String>);

/// `.env` is there and can't be used.
#[derive(Debug, thiserror::Error)]
#[error("can't use {}: {problem}", path.display())]
pub struct EnvFileError {
    path: PathBuf,
    /// Without any value of the file: it may be a password.
    problem: String,
}

impl Environment {
    /// The process's environment; a variable that isn't set there is taken from `directory/.env`, if there is one.
    pub fn read(directory: &Path) -> Result<Self, EnvFileError> {
        let path = directory.join(".env");
        let mut variables = HashMap::new();
        if path.is_file() {
            let failed = |problem| EnvFileError { path: path.clone(), problem };
            let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
            for entry in dotenvy::from_read_iter(text.as_bytes()) {
                let (name, value) = entry.map_err(|error| failed(problem(&text, &error)))?;
                variables.insert(name, value);
            }
        }
        variables.extend(spoken());
        Ok(Self(variables))
    }

    /// The value of a variable; an empty one counts as not set, as libpq has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The process's variables, but for those that are no Unicode: they may be anybody's.
fn spoken() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// dotenvy's own message has the whole line in it, with its value.
fn problem(text: &str, error: &dotenvy::Error) -> String {
    let dotenvy::Error::LineParse(found, _) = error else { return "it can't be read".to_owned() };
    let first = found.lines().next().unwrap_or_default();
    let number = text.lines().position(|line| line == first).map_or(0, |at| at + 1);
    match first.split_once('=') {
        Some((name, _)) => format!(
            "the value of {} in line {number} can't be read; one with blanks or quotes stands in 'single quotes'",
            name.trim()
        ),
        None => format!("line {number} is no NAME=value"),
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// Whether a variable may have a database's password in it, or another secret as the page's token: by its name, or as a URL
/// or connection string with a password.
#[must_use]
pub fn may_tell_password(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let named = ["PASSWORD", "DATABASE_URL", "DATABASE_URI", "TOKEN", "SECRET"]
        .iter()
        .any(|word| name.contains(word));
    let authority =
        value.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    let address = authority.and_then(|authority| authority.rsplit_once('@'));
    named || address.is_some_and(|(user, _)| user.contains(':')) || sets_password(value)
}

/// As in `host=h password = x`.
fn sets_password(text: &str) -> bool {
    text.split("password").skip(1).any(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::slips::nearly;

    #[test]
    fn a_variable_with_a_password_is_known_by_its_name_or_by_its_value() {
        assert!(may_tell_password("PGPASSWORD", "x"));
        assert!(may_tell_password("DATABASE_URL", "postgres://h/d"));
        assert!(may_tell_password("PAYROLL_PROD_URL", "postgresql://payroll:secret@h:5432/d"));
        assert!(may_tell_password("DSN", "host=h password=secret"));
        assert!(may_tell_password("DSN", "host=h password = secret"));
        assert!(may_tell_password("LONGHAUL_PAGE_TOKEN", "x"));
        assert!(may_tell_password("vault_secret_id", "x"));
        assert!(!may_tell_password("GREETING", "what is the password of the day?"));
        assert!(!may_tell_password("PATH", "/usr/bin:/bin"));
        assert!(!may_tell_password("PROXY", "http://proxy:3128/a@b"));
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(
            text in nearly(&["# a\nDATABASE_URL='postgres://u:p@h/d'\nexport A=\"b ${HOME} \\n\"\nB=c d\n"]),
            bytes in any::<Vec<u8>>(),
        ) {
            let directory = tempfile::tempdir().unwrap();
            for content in [text.as_bytes(), &bytes] {
                std::fs::write(directory.path().join(".env"), content).unwrap();
                let _ = Environment::read(directory.path()).map_err(|error| error.to_string());
            }
        }
    }
}
