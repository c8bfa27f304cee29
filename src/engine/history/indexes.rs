//! Indexes that are built or dropped CONCURRENTLY: what a statement is about, and what there is of it.

use tokio_postgres::{Client, Error};

use crate::manifest;
use crate::pg::search_path;

/// What a statement that can't run in a transaction does, as far as that tells whether it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Concurrent {
    /// `CREATE INDEX CONCURRENTLY index ON table`, the names as written.
    Create { index: String, table: String },
    /// `DROP INDEX CONCURRENTLY index`.
    Drop { index: String },
    /// To do it twice is as good as once: VACUUM, ANALYZE, REINDEX, CLUSTER, ALTER SYSTEM.
    Repeatable,
    /// Nothing is known of it.
    Other,
}

/// An index as it is found.
pub(super) struct FoundIndex {
    /// Its name as SQL, with its schema.
    pub(super) name: String,
    /// Whether queries may use it, and it was built to its end.
    pub(super) valid: bool,
    /// Whether a session is building it at this moment.
    pub(super) being_built: bool,
}

impl Concurrent {
    /// Reads the beginning of the statement.
    pub(super) fn read(statement: &str) -> Self {
        let words = manifest::words(statement);
        let mut rest = words.iter().map(String::as_str).peekable();
        let is =
            |word: Option<&str>, wanted: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        let first = rest.next().unwrap_or_default().to_ascii_uppercase();
        match first.as_str() {
            "VACUUM" | "ANALYZE" | "REINDEX" | "CLUSTER" | "CHECKPOINT" => return Self::Repeatable,
            "ALTER" if is(rest.peek().copied(), "SYSTEM") => return Self::Repeatable,
            "CREATE" => {
                rest.next_if(|word| word.eq_ignore_ascii_case("UNIQUE"));
            }
            "DROP" => {}
            _ => return Self::Other,
        }
        if !is(rest.next(), "INDEX") || !is(rest.next(), "CONCURRENTLY") {
            return Self::Other;
        }
        for wanted in ["IF", "NOT", "EXISTS"] {
            rest.next_if(|word| word.eq_ignore_ascii_case(wanted));
        }
        let Some(index) = rest.next().map(str::to_owned) else { return Self::Other };
        if first == "DROP" {
            return if rest.next().is_none_or(|word| !word.starts_with(',')) {
                Self::Drop { index }
            } else {
                Self::Other
            };
        }
        if !is(rest.next(), "ON") {
            return Self::Other;
        }
        rest.next_if(|word| word.eq_ignore_ascii_case("ONLY"));
        rest.next().map_or(Self::Other, |table| Self::Create { index, table: table.to_owned() })
    }
}

/// The index of that name on that table, both as an author writes them.
pub(super) async fn state(client: &Client, index: &str, table: &str) -> Result<Option<FoundIndex>, Error> {
    let Some(table) = relation(client, table).await? else { return Ok(None) };
    let row = client
        .query_opt(
            "SELECT format('%I.%I', n.nspname, c.relname), i.indisvalid AND i.indisready, \
             EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid) \
             FROM pg_class AS t \
             JOIN pg_namespace AS n ON n.oid = t.relnamespace \
             JOIN pg_index AS i ON i.indrelid = t.oid \
             JOIN pg_class AS c ON c.oid = i.indexrelid \
             WHERE t.oid = $1 AND c.relname = (parse_ident($2))[1]",
            &[&table, &index],
        )
        .await?;
    Ok(row.map(|row| FoundIndex { name: row.get(0), valid: row.get(1), being_built: row.get(2) }))
}

/// Whether there is a relation of that name, as an author writes it.
pub(super) async fn is_there(client: &Client, name: &str) -> Result<bool, Error> {
    Ok(relation(client, name).await?.is_some())
}

async fn relation(client: &Client, name: &str) -> Result<Option<u32>, Error> {
    Ok(search_path::ask_as_author(client, search_path::FIND_RELATION, &[&name]).await?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_is_about_is_read_from_its_beginning() {
        let create =
            |index: &str, table: &str| Concurrent::Create { index: index.into(), table: table.into() };
        for (sql, read) in [
            ("CREATE INDEX CONCURRENTLY a ON t (b)", create("a", "t")),
            (
                "create unique index concurrently if not exists \"A b\" on only s.\"T t\" using btree (b)",
                create("\"A b\"", "s.\"T t\""),
            ),
            ("CREATE INDEX CONCURRENTLY ON t (b)", Concurrent::Other),
            ("CREATE INDEX a ON t (b)", Concurrent::Other),
            ("DROP INDEX CONCURRENTLY IF EXISTS s.a", Concurrent::Drop { index: "s.a".into() }),
            ("DROP INDEX CONCURRENTLY a, b", Concurrent::Other),
            ("-- why\nVACUUM (FULL) t", Concurrent::Repeatable),
            ("REINDEX INDEX CONCURRENTLY a", Concurrent::Repeatable),
            ("ALTER SYSTEM SET a = 1", Concurrent::Repeatable),
            ("CALL p()", Concurrent::Other),
            ("", Concurrent::Other),
        ] {
            assert_eq!(Concurrent::read(sql), read, "{sql}");
        }
    }
}
