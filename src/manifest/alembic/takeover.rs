//! Alembic's revisions become the texts of longhaul's files: the same ids, links, labels and messages.

use std::collections::BTreeMap;

use super::{AlembicScript, AlembicSql};
use crate::plan::graph::Node;

/// What Alembic printed, by revision; empty for a print that wasn't given.
#[derive(Clone, Debug, Default)]
pub struct AlembicPrints {
    /// Of `alembic upgrade base:heads --sql`.
    pub up: BTreeMap<String, AlembicSql>,
    /// Of `alembic downgrade heads:base --sql`.
    pub down: BTreeMap<String, AlembicSql>,
}

/// A revision as longhaul has it.
#[derive(Clone, Debug)]
pub struct TakenOver {
    /// Its place in the graph, with Alembic's file for messages.
    pub node: Node,
    /// The text of its file.
    pub text: String,
    /// Where its way up comes from.
    pub up: TakenSection,
    /// Where its way down comes from.
    pub down: TakenSection,
}

/// What a section was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenSection {
    /// Statements, all in one transaction.
    Transaction,
    /// Statements, each by itself, as some of them can't run in a transaction.
    Statements,
    /// Alembic's does nothing either.
    Empty,
    /// There is no SQL for it.
    Missing,
}

/// Every revision in longhaul's form. Whether they make a history is the caller's to check, by their nodes.
#[must_use]
pub fn take_over(scripts: &[AlembicScript], prints: &AlembicPrints) -> Vec<TakenOver> {
    scripts.iter().map(|script| revision(script, scripts, prints)).collect()
}

fn revision(script: &AlembicScript, scripts: &[AlembicScript], prints: &AlembicPrints) -> TakenOver {
    let id = &script.id.0;
    let node = Node {
        id: id.clone(),
        revises: script.revises.iter().map(|id| id.0.clone()).collect(),
        depends: script.depends.iter().map(|named| dependency(named, scripts)).collect(),
        labels: script.labels.clone(),
        place: script.file.display().to_string(),
    };
    let (up, up_text) = section("up", prints.up.get(id), script.up_is_empty);
    let (down, down_text) = section("down", prints.down.get(id), script.down_is_empty);
    let mut text = header(script, &node);
    text.push_str(&if up == TakenSection::Missing { refusal(id) } else { up_text });
    // Without a way down the revision can't be undone, and says so.
    if down != TakenSection::Missing {
        text.push_str(&down_text);
    }
    TakenOver { node, text, up, down }
}

/// The id that a dependency means: Alembic takes a branch label and the beginning of an id as well.
fn dependency(named: &str, scripts: &[AlembicScript]) -> String {
    let ids = || scripts.iter().map(|script| script.id.0.as_str());
    let labelled = scripts.iter().find(|script| script.labels.iter().any(|label| label == named));
    let mut beginning = ids().filter(|id| id.starts_with(named));
    let found = match (ids().find(|id| *id == named), labelled) {
        (Some(id), _) => id,
        (None, Some(script)) => &script.id.0,
        (None, None) => match (beginning.next(), beginning.next()) {
            (Some(only), None) => only,
            _ => named,
        },
    };
    found.to_owned()
}

fn header(script: &AlembicScript, node: &Node) -> String {
    let mut lines = vec![format!("-- revision: {}", node.id)];
    for (key, items) in [("revises", &node.revises), ("depends", &node.depends), ("labels", &script.labels)] {
        if !items.is_empty() {
            lines.push(format!("-- {key}: {}", items.join(", ")));
        }
    }
    lines.push(format!("-- message: {}", script.message));
    lines.push(format!("-- from Alembic's {}", script.file.file_name().unwrap_or_default().display()));
    lines.join("\n") + "\n"
}

fn section(name: &str, sql: Option<&AlembicSql>, is_empty: bool) -> (TakenSection, String) {
    let made = match sql {
        Some(sql) if sql.text.is_empty() => TakenSection::Empty,
        Some(sql) if sql.leaves_transaction => TakenSection::Statements,
        Some(_) => TakenSection::Transaction,
        None if is_empty => TakenSection::Empty,
        None => TakenSection::Missing,
    };
    let option = match made {
        TakenSection::Statements => {
            " transaction:false\n-- Alembic left its transaction here: each statement is one of its own"
        }
        TakenSection::Empty => "\n-- Alembic's does nothing",
        TakenSection::Transaction | TakenSection::Missing => "",
    };
    let body = sql.filter(|sql| !sql.text.is_empty()).map(|sql| format!("{}\n", sql.text));
    (made, format!("\n-- migrate:{name}{option}\n{}", body.unwrap_or_default()))
}

/// Nothing in place of the unknown would look applied on a new database. The id has no quote in it: the graph allows
/// none.
fn refusal(id: &str) -> String {
    format!(
        "\n-- migrate:up\n-- No SQL was given for this revision (--upgrade-sql). Databases that have it need none.\n\
         DO $$ BEGIN\n    RAISE EXCEPTION 'revision {id} was imported from Alembic without its SQL'\n        \
         USING HINT = 'put its statements into its file';\nEND $$;\n"
    )
}
