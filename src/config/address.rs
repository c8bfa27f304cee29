//! Which of the places that may name the database does, and what the variables in a file's address stand for.

use super::{Environment, Overrides};
use crate::manifest::{DocumentError, Section};

/// The variables that hold a URL, the first that is set: ours, and those that projects with SQLAlchemy have.
const VARIABLES: &[&str] = &["DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_DATABASE_URL"];

/// What is said about where the database is.
pub(super) enum Address {
    /// Its URL.
    Url(String),
    /// The URL has a variable in it that isn't set. That matters only to what needs the database.
    Incomplete(DocumentError),
    /// No URL.
    Unsaid,
}

/// From the command line, the environment or the file, in that order.
pub(super) fn find(
    root: &Section<'_>,
    overrides: &Overrides,
    environment: &Environment,
) -> Result<Address, DocumentError> {
    let written = root.text("database_url")?;
    let given = overrides.database_url.clone();
    let variable = || VARIABLES.iter().find_map(|name| environment.get(name)).map(str::to_owned);
    if let Some(url) = given.or_else(variable) {
        return Ok(Address::Url(url));
    }
    let Some(written) = written else { return Ok(Address::Unsaid) };
    Ok(match expand(&written.value, environment) {
        Ok(url) => Address::Url(url),
        Err(gap) => {
            let hint = match &gap {
                Gap::Unset(_) => gap.hint() + ", or use --database-url",
                Gap::Unnamed => gap.hint(),
            };
            Address::Incomplete(root.complain(&written, gap.message("database_url"), Some(hint)))
        }
    })
}

/// Why variables can't be put into a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// A `${` names none.
    Unnamed,
    /// This one is not set.
    Unset(String),
}

impl Gap {
    /// What is wrong with what stands under `key`.
    pub(super) fn message(&self, key: &str) -> String {
        match self {
            Self::Unnamed => format!("`{key}` has a `${{` that names no variable"),
            Self::Unset(name) => format!("`{key}` needs the variable {name}, which is not set"),
        }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Unnamed => "a variable is written ${NAME}; a `$` before a brace is %24 in a URL".to_owned(),
            Self::Unset(name) => format!("set {name}, in the environment or in .env"),
        }
    }
}

/// Puts the values of the variables in the place of `${NAME}`.
pub(super) fn expand(text: &str, environment: &Environment) -> Result<String, Gap> {
    let (mut expanded, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let named = after.split_once('}').filter(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        let (name, after) = named.ok_or(Gap::Unnamed)?;
        let value = environment.get(name).ok_or_else(|| Gap::Unset(name.to_owned()))?;
        expanded.push_str(before);
        expanded.push_str(value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_missing_ones_named() {
        let environment = Environment::from([("HOST", "db.example"), ("USER_1", "payroll"), ("NONE", "")]);
        let expand = |text| expand(text, &environment).map_err(|gap| gap.message("database_url"));
        assert_eq!(
            expand("postgres://${USER_1}@${HOST}/d"),
            Ok("postgres://payroll@db.example/d".to_owned())
        );
        assert_eq!(expand("postgres://$u{}@h/d"), Ok("postgres://$u{}@h/d".to_owned()));
        let missing = "`database_url` needs the variable NONE, which is not set".to_owned();
        assert_eq!(expand("${HOST}${NONE}"), Err(missing));
        for bad in ["${", "${}", "${A B}", "${HOST"] {
            assert_eq!(
                expand(bad),
                Err("`database_url` has a `${` that names no variable".to_owned()),
                "{bad}"
            );
        }
    }
}
