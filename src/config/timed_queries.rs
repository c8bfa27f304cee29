//! `[[timed_query]]`: queries of the application's that are timed before, during and after changes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::manifest::{DocumentError, Section, query};
use crate::model::{TimedQuery, parse_duration};

/// Every key of `[[timed_query]]`.
pub(super) const KEYS: &[&str] = &["name", "sql", "every", "timeout", "slower"];

const NAME: &str = "timed_query";

/// What a query is timed against is a screen that somebody waits at.
const LONGEST: Duration = Duration::from_secs(60);

/// Reads all of them; complaints point at the place.
pub(super) fn read(root: &Section<'_>) -> Result<Vec<TimedQuery>, DocumentError> {
    let queries: Vec<TimedQuery> =
        root.sections(NAME, NAME)?.iter().map(one).collect::<Result<_, DocumentError>>()?;
    let mut names = BTreeSet::new();
    for (section, query) in root.sections(NAME, NAME)?.iter().zip(&queries) {
        if !names.insert(&query.name)
            && let Some(place) = section.place_of("name")
        {
            let message = format!("there are two timed queries of the name \"{}\"", query.name);
            return Err(section.complain(&place, message, None));
        }
    }
    Ok(queries)
}

fn one(section: &Section<'_>) -> Result<TimedQuery, DocumentError> {
    section.only(KEYS)?;
    let sql = match section.text("sql")? {
        Some(sql) => query(section, "sql", &sql)?,
        None => return Err(section.missing("sql", "name the query: sql = \"SELECT …\"")),
    };
    let name = match section.text("name")? {
        Some(name) if !name.value.trim().is_empty() => name.value.trim().to_owned(),
        _ => return Err(section.missing_or_empty("name", "reports call it by its name: name = \"pay slip\"")),
    };
    let duration = |key: &str, default: Duration| match section.text(key)? {
        None => Ok(default),
        Some(written) => match parse_duration(&written.value) {
            Ok(duration) if duration >= Duration::from_millis(100) => Ok(duration),
            Ok(_) => Err(section.complain(&written, format!("`{key}` is less than 100ms"), None)),
            Err(error) => Err(section.complain(&written, error.to_string(), None)),
        },
    };
    let timeout = duration("timeout", TimedQuery::TIMEOUT)?;
    if timeout > LONGEST
        && let Some(place) = section.place_of("timeout")
    {
        return Err(section.complain(&place, "`timeout` is more than 60s", None));
    }
    let slower = match section.number("slower")? {
        None => TimedQuery::SLOWER,
        Some(times) if times.value > 1.0 && times.value.is_finite() => times.value,
        Some(times) => {
            let hint = "slower = 2 tells of a query that takes twice as long as before";
            return Err(section.complain(&times, "`slower` must be more than 1", Some(hint.to_owned())));
        }
    };
    Ok(TimedQuery { name, query: sql, every: duration("every", TimedQuery::EVERY)?, timeout, slower })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::manifest::Document;

    fn complaint(text: &str) -> String {
        let document = Document::parse(Path::new("x.toml"), text).unwrap();
        read(&document.root()).unwrap_err().to_string()
    }

    #[test]
    fn complaints_point_at_the_place() {
        let one = "[[timed_query]]\nname = \"a\"\nsql = \"SELECT 1\"\n";
        assert!(complaint(&format!("{one}{one}")).starts_with("x.toml:5:"), "two of one name");
        assert!(complaint("[[timed_query]]\nname = \"a\"\n").contains("`sql`"));
        assert!(complaint("[[timed_query]]\nsql = \"SELECT 1\"\n").contains("`name`"));
        assert!(complaint(&format!("{one}slower = 1\n")).starts_with("x.toml:4:10: "));
        assert!(complaint(&format!("{one}timeout = \"2min\"\n")).starts_with("x.toml:4:"));
        assert!(complaint(&format!("{one}every = \"1ms\"\n")).starts_with("x.toml:4:9: "));
        assert!(
            complaint("[[timed_query]]\nname = \"a\"\nsql = \"SELECT 1; DROP TABLE t\"\n")
                .starts_with("x.toml:3:7: ")
        );
    }
}
