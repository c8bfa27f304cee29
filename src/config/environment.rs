//! The environment as a value, so that what reads it can be tested without touching the process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Environment variables, with those of `.env` below them.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, String>);

/// `.env` is there and can't be used.
#[derive(Debug, thiserror::Error)]
#[error("can't use {}", path.display())]
pub struct EnvFileError {
    path: PathBuf,
    #[source]
    source: dotenvy::Error,
}

impl Environment {
    /// The process's environment; a variable that isn't set there is taken from `directory/.env`, if there is one.
    pub fn read(directory: &Path) -> Result<Self, EnvFileError> {
        let path = directory.join(".env");
        let mut variables = HashMap::new();
        if path.is_file() {
            let failed = |source| EnvFileError { path: path.clone(), source };
            for entry in dotenvy::from_path_iter(&path).map_err(failed)? {
                let (name, value) = entry.map_err(failed)?;
                variables.insert(name, value);
            }
        }
        variables.extend(std::env::vars());
        Ok(Self(variables))
    }

    /// The value of a variable; an empty one counts as not set, as libpq has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
