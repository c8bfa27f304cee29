//! The history as a script: what `upgrade --sql` and `downgrade --sql` print instead of doing it.
//!
//! Each revision is a transaction of its own that checks where the database stands, does the work, verifies it and records
//! it. So a script that is run twice, or too late, or goes on after an error, stops at the first check and harms nothing.

use std::fmt::Write as _;

use serde_json::json;

use super::History;
use super::attempt::OURSELVES_AGAIN;
use crate::engine::batch;
use crate::manifest;
use crate::model::{Direction, Job, Revision, RevisionBody, RevisionId, SchemaRevision, Section};
use crate::pg::quote::literal;
use crate::store::{Origin, Recording};

/// A script to be.
#[derive(Clone, Copy, Debug)]
pub struct ScriptRequest<'r> {
    /// Which way.
    pub direction: Direction,
    /// The revisions, in order.
    pub path: &'r [RevisionId],
    /// Whether the control schema is there already, in this version.
    pub installed: bool,
    /// From where to where, for people.
    pub title: &'r str,
    /// A word that is kept with each event.
    pub tag: Option<&'r str>,
}

impl History<'_> {
    /// The whole script.
    #[must_use]
    pub fn script(&self, request: ScriptRequest<'_>) -> String {
        let mut text = format!("-- longhaul {}: {}\n", env!("CARGO_PKG_VERSION"), request.title);
        let revisions: Vec<&Revision> = request.path.iter().map(|id| self.revision(&id.0)).collect();
        if revisions.iter().any(|revision| runs_outside(revision, request.direction)) {
            text.push_str("-- Some of it can't run in a transaction, so nothing must run after an error.\n");
            text.push_str("\\set ON_ERROR_STOP on\n");
        }
        if !request.installed {
            let _ = write!(
                text,
                "\n-- the control schema\nBEGIN;\n{}COMMIT;\n",
                self.engine.store.install_script()
            );
        }
        for revision in revisions {
            text.push('\n');
            match (&revision.body, request.direction) {
                (RevisionBody::Data(job), direction) => text.push_str(&plan(revision, job, direction)),
                (RevisionBody::Schema(schema), Direction::Up) => {
                    self.up(&mut text, revision, schema, request.tag);
                }
                (RevisionBody::Schema(schema), Direction::Down) => {
                    self.down(&mut text, revision, schema, request.tag);
                }
            }
        }
        text
    }

    fn up(&self, text: &mut String, revision: &Revision, schema: &SchemaRevision, tag: Option<&str>) {
        heading(text, revision, "");
        let table = format!("{}.revision", quote_schema(self));
        let id = literal(&revision.id.0);
        let parents: Vec<String> = revision.follows().map(|before| literal(&before.0)).collect();
        let mut guards = vec![
            (
                format!("EXISTS (SELECT FROM {table} WHERE id = {id})"),
                format!("revision {} is applied already", revision.id),
            ),
            self.half_done_guard(revision),
        ];
        for parent in &parents {
            guards.push((
                format!("NOT EXISTS (SELECT FROM {table} WHERE id = {parent})"),
                format!(
                    "revision {} follows {}, which is not applied",
                    revision.id,
                    parent.trim_matches('\'')
                ),
            ));
        }
        let origin = if revision.condition.is_some() {
            "current_setting('longhaul.origin')".to_owned()
        } else {
            literal(Origin::Applied.as_str())
        };
        match &schema.up {
            Section::Transaction(sql) => {
                self.begin(text, &guards);
                text.push_str(&callback(self.engine.settings.callbacks.before_revision.as_deref()));
                match &revision.condition {
                    Some(condition) => text.push_str(&conditional(condition, sql)),
                    None => text.push_str(&statements(sql)),
                }
            }
            Section::Statements(list) => {
                text.push_str(AFRESH);
                text.push_str(&guard(&guards));
                text.push_str(&callback(self.engine.settings.callbacks.before_revision.as_deref()));
                text.extend(list.iter().map(|sql| statements(sql)));
                self.begin(text, &guards);
            }
        }
        if let Some(verify) = &schema.verify {
            text.push_str(&verification(revision, verify));
        }
        let recording = Recording {
            revision,
            origin: Origin::Applied,
            took: std::time::Duration::ZERO,
            detail: json!({ "tag": tag, "script": true }),
        };
        text.push_str(&callback(self.engine.settings.callbacks.after_revision.as_deref()));
        let _ = writeln!(text, "{OURSELVES_AGAIN};");
        let _ = writeln!(text, "{}COMMIT;", self.engine.store.record_script(&recording, &origin));
    }

    fn down(&self, text: &mut String, revision: &Revision, schema: &SchemaRevision, tag: Option<&str>) {
        heading(text, revision, "undo ");
        let table = format!("{}.revision", quote_schema(self));
        let id = literal(&revision.id.0);
        let mut guards = vec![
            (
                format!("NOT EXISTS (SELECT FROM {table} WHERE id = {id})"),
                format!("revision {} is not applied", revision.id),
            ),
            self.half_done_guard(revision),
        ];
        for follower in self.manifest.graph.followers(&revision.id.0) {
            guards.push((
                format!("EXISTS (SELECT FROM {table} WHERE id = {})", literal(follower)),
                format!("revision {follower} follows {} and is applied", revision.id),
            ));
        }
        match &schema.down {
            Some(Section::Statements(list)) => {
                text.push_str(AFRESH);
                text.push_str(&guard(&guards));
                text.push_str(&callback(self.engine.settings.callbacks.before_revision.as_deref()));
                text.extend(list.iter().map(|sql| statements(sql)));
                self.begin(text, &guards);
            }
            Some(Section::Transaction(sql)) => {
                self.begin(text, &guards);
                text.push_str(&callback(self.engine.settings.callbacks.before_revision.as_deref()));
                if revision.condition.is_some() && !sql.is_empty() {
                    let skipped =
                        format!("EXISTS (SELECT FROM {table} WHERE id = {id} AND origin = 'skipped')");
                    text.push_str(&block(&format!(
                        "    IF NOT {skipped} THEN\n        EXECUTE {};\n    END IF;\n",
                        dollar(&statements(sql))
                    )));
                } else {
                    text.push_str(&statements(sql));
                }
            }
            None => self.begin(text, &guards),
        }
        text.push_str(&callback(self.engine.settings.callbacks.after_revision.as_deref()));
        let _ = writeln!(text, "{OURSELVES_AGAIN};");
        let jobs: Vec<&str> = self.jobs_after(&revision.id).map(Job::id).collect();
        let message = format!("revision {} was undone: {}", revision.id, revision.message);
        let detail = json!({ "tag": tag, "script": true });
        let _ = writeln!(
            text,
            "{}COMMIT;",
            self.engine.store.forget_script(&revision.id, &jobs, &message, &detail)
        );
    }

    /// What some of whose statements are done can't be done by a script: it would do them again.
    fn half_done_guard(&self, revision: &Revision) -> (String, String) {
        let (schema, id) = (quote_schema(self), literal(&revision.id.0));
        (
            format!("EXISTS (SELECT FROM {schema}.section WHERE revision = {id})"),
            format!("revision {} is half done", revision.id),
        )
    }

    fn begin(&self, text: &mut String, guards: &[(String, String)]) {
        let timeout = batch::milliseconds(self.engine.settings.lock_timeout);
        let schema = quote_schema(self);
        let _ = write!(
            text,
            "{AFRESH}BEGIN;\nSET LOCAL lock_timeout = {timeout};\nLOCK TABLE {schema}.history_lock IN EXCLUSIVE MODE;\n{}",
            guard(guards)
        );
    }
}

/// What one revision has set for the session is not for the next.
const AFRESH: &str =
    "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SET standard_conforming_strings = on;\n";

/// SQL of `[callbacks]`.
fn callback(sql: Option<&str>) -> String {
    sql.map(statements).unwrap_or_default()
}

fn quote_schema(history: &History<'_>) -> String {
    crate::pg::quote::quoted(&history.engine.store.schema)
}

fn runs_outside(revision: &Revision, direction: Direction) -> bool {
    let RevisionBody::Schema(schema) = &revision.body else { return false };
    let section = match direction {
        Direction::Up => Some(&schema.up),
        Direction::Down => schema.down.as_ref(),
    };
    matches!(section, Some(Section::Statements(_)))
}

fn heading(text: &mut String, revision: &Revision, what: &str) {
    let _ = writeln!(
        text,
        "-- {what}revision {}: {} ({})",
        revision.id,
        revision.message.replace('\n', " "),
        revision.file.display()
    );
}

/// The section without the line ends that make its line numbers right, with a semicolon at its end.
fn statements(sql: &str) -> String {
    let at = manifest::statements(sql);
    match (at.first(), at.last()) {
        (Some(_), Some(last)) => {
            let rest = &sql[last.end..];
            let closing = if rest.trim_start().starts_with(';') { "" } else { ";" };
            format!("{}{closing}{}\n", sql[..last.end].trim_start_matches('\n'), rest.trim_end())
        }
        _ => String::new(),
    }
}

fn guard(guards: &[(String, String)]) -> String {
    let mut body = String::new();
    for (wrong, message) in guards {
        let _ = writeln!(
            body,
            "    IF {wrong} THEN RAISE EXCEPTION USING MESSAGE = {}; END IF;",
            literal(message)
        );
    }
    block(&body)
}

/// The queries of `-- migrate:verify`, each of which must return rows, all of them true.
fn verification(revision: &Revision, verify: &str) -> String {
    let mut body = String::new();
    for (query, number) in manifest::statements(verify).into_iter().map(|at| &verify[at]).zip(1..) {
        let message = literal(&format!("revision {} didn't verify: query {number}", revision.id));
        let _ = writeln!(
            body,
            "    IF current_setting('longhaul.origin', true) IS DISTINCT FROM 'skipped' AND (NOT EXISTS (SELECT FROM ({query}\n) AS answer) OR EXISTS (SELECT FROM ({query}\n) AS answer (holds) \
             WHERE holds IS NOT TRUE)) THEN RAISE EXCEPTION USING MESSAGE = {message}; END IF;"
        );
    }
    block(&body)
}

/// The section, if the condition holds; and how it came to be recorded.
fn conditional(condition: &str, sql: &str) -> String {
    let queries: Vec<String> = manifest::statements(condition)
        .into_iter()
        .map(|at| format!("({}\n) IS TRUE", &condition[at]))
        .collect();
    block(&format!(
        "    IF {} THEN\n        PERFORM set_config('longhaul.origin', 'applied', true);\n        EXECUTE {};\n    ELSE\n        \
         PERFORM set_config('longhaul.origin', 'skipped', true);\n    END IF;\n",
        queries.join(" AND "),
        dollar(&statements(sql))
    ))
}

fn block(body: &str) -> String {
    format!("DO {};\n", dollar(&format!("\nBEGIN\n{body}END\n")))
}

/// The text in dollar quotes that don't occur in it.
fn dollar(text: &str) -> String {
    let mut tag = "$longhaul$".to_owned();
    while text.contains(&tag) {
        tag.insert(1, '_');
    }
    format!("{tag}{text}{tag}")
}

/// What a data revision would do, as comments: it can't be part of a script.
fn plan(revision: &Revision, job: &Job, direction: Direction) -> String {
    let (what, how, job) = match (direction, job.taken_back()) {
        (Direction::Down, None) if job.is_reversible() => {
            let message = revision.message.replace('\n', " ");
            return format!(
                "-- undo data revision {}: {message}\n-- Its rows stay as they are.\n",
                revision.id
            );
        }
        (Direction::Down, Some(down)) => ("undo data revision", "downgrade", down),
        _ => ("data revision", "upgrade", job.clone()),
    };
    let mut text = format!("-- {what} {}: {}\n", revision.id, revision.message.replace('\n', " "));
    let _ = writeln!(
        text,
        "-- Not part of this script: it runs in batches, by `longhaul {how}`. What follows it here"
    );
    let _ = writeln!(text, "-- refuses to run until it is done. It does this:");
    for line in job.definition().lines() {
        let _ = writeln!(text, "--   {line}");
    }
    text
}
