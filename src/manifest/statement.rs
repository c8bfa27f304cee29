//! What statements plainly say, word by word. This is no parser: what isn't recognised is passed over.

use std::collections::BTreeSet;
use std::ops::Range;

use super::sql;

/// Where each statement of a text stands, without comments before it and without the semicolon.
#[must_use]
pub fn statements(text: &str) -> Vec<Range<usize>> {
    sql::statements(text)
}

/// The words of a statement: names with their quotes and dots, as `s."T t"`, and every other character by itself. Comments
/// and texts in quotes are left out.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut in_quotes) = (String::new(), false);
    for character in sql::names(text).chars() {
        if character == '"' {
            in_quotes = !in_quotes;
        }
        if in_quotes || "\"._$".contains(character) || character.is_alphanumeric() {
            word.push(character);
            continue;
        }
        words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        words.extend(Some(character.to_string()).filter(|_| !character.is_whitespace()));
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// The tables, as written, that the statements of a text lock against all readers and writers: those of ALTER TABLE, DROP
/// TABLE, TRUNCATE, LOCK TABLE and DROP TRIGGER. The forms of ALTER TABLE that are known to lock less are left out.
#[must_use]
pub fn locked_tables(text: &str) -> Vec<String> {
    let mut tables: Vec<String> = statements(text).into_iter().filter_map(|at| locked(&text[at])).collect();
    tables.sort();
    tables.dedup();
    tables
}

/// The tables, as written, that are there after the statements, given those that were before: what CREATE TABLE makes, less
/// what DROP TABLE, RENAME and SET SCHEMA take away. A text that sets `search_path` tells nothing, nor do temporary tables.
pub fn follow_tables(text: &str, tables: &mut BTreeSet<String>) {
    if words(text).iter().any(|word| word.eq_ignore_ascii_case("search_path")) {
        return;
    }
    for at in statements(text) {
        let words = words(&text[at]);
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        let name_at = |from: usize| {
            let skipped =
                upper[from..].iter().take_while(|w| ["IF", "NOT", "EXISTS", "ONLY"].contains(w)).count();
            from + skipped
        };
        match upper.as_slice() {
            ["CREATE", "TABLE", ..] => tables.extend(words.get(name_at(2)).map(|name| plain(name))),
            ["CREATE", "UNLOGGED", "TABLE", ..] => {
                tables.extend(words.get(name_at(3)).map(|name| plain(name)));
            }
            ["DROP", "TABLE", ..] => {
                for name in &words[name_at(2)..] {
                    tables.remove(&plain(name));
                }
            }
            ["ALTER", "TABLE", rest @ ..]
                if rest.windows(2).any(|pair| matches!(pair, ["RENAME", "TO"] | ["SET", "SCHEMA"])) =>
            {
                tables.remove(&words.get(name_at(2)).map(|name| plain(name)).unwrap_or_default());
            }
            ["DROP", "SCHEMA", ..] => tables.clear(),
            _ => {}
        }
    }
}

/// The name without quotes where it means the same without them, so that two ways of writing it are one.
pub(super) fn plain(name: &str) -> String {
    let bare = |part: &str| {
        let inner = part.trim_matches('"');
        let simple = inner.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if part.starts_with('"') && !simple { part.to_owned() } else { inner.to_lowercase() }
    };
    // A dot in quotes makes a name that is never found again, which only means that nothing is said of it.
    name.split('.').map(bare).collect::<Vec<_>>().join(".")
}

fn locked(statement: &str) -> Option<String> {
    let words = words(statement);
    let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let mut at = match upper.as_slice() {
        ["ALTER", "TABLE", rest @ ..] => {
            let weak = |word: &&str| matches!(*word, "VALIDATE" | "STATISTICS" | "REFERENCES" | "ATTACH");
            if rest.iter().any(weak) {
                return None;
            }
            2
        }
        ["DROP" | "LOCK" | "TRUNCATE", "TABLE", ..] => 2,
        ["TRUNCATE", ..] => 1,
        ["DROP", "TRIGGER", ..] => upper.iter().position(|word| *word == "ON")? + 1,
        _ => return None,
    };
    while matches!(upper.get(at), Some(&("IF" | "EXISTS" | "ONLY"))) {
        at += 1;
    }
    words.get(at).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_the_quotes_and_dots_of_names() {
        assert_eq!(
            words("ALTER TABLE s.\"T \"\"t\" -- no\n ADD b text DEFAULT 'x, y'"),
            ["ALTER", "TABLE", "s.\"T \"\"t\"", "ADD", "b", "text", "DEFAULT"]
        );
        assert_eq!(words("DROP TABLE a, b"), ["DROP", "TABLE", "a", ",", "b"]);
        assert!(words("'open").is_empty());
    }

    #[test]
    fn tables_are_followed_through_what_makes_and_removes_them() {
        let mut tables = BTreeSet::new();
        let mut follow = |sql: &str| {
            follow_tables(sql, &mut tables);
            tables.iter().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            follow("CREATE TABLE IF NOT EXISTS s.A (b int); CREATE UNLOGGED TABLE \"B b\" ()"),
            "\"B b\" s.a"
        );
        assert_eq!(follow("CREATE TEMP TABLE c (); SET search_path = x; CREATE TABLE d ()"), "\"B b\" s.a");
        assert_eq!(follow("ALTER TABLE \"s\".\"a\" RENAME TO z; DO $$ CREATE TABLE e () $$"), "\"B b\"");
        assert_eq!(follow("DROP TABLE IF EXISTS x, \"B b\" CASCADE"), "");
    }

    #[test]
    fn tables_that_are_locked_against_everybody_are_told() {
        let sql =
            "ALTER TABLE IF EXISTS ONLY s.a ADD c int; -- ALTER TABLE no\n drop table if exists \"B b\";
                   ALTER TABLE w VALIDATE CONSTRAINT k; CREATE INDEX i ON x (y); TRUNCATE t;
                   DROP TRIGGER IF EXISTS g ON s.a; SELECT 'ALTER TABLE z'; LOCK TABLE l IN SHARE MODE";
        assert_eq!(locked_tables(sql), ["\"B b\"", "l", "s.a", "t"]);
        assert!(locked_tables("").is_empty());
    }
}
