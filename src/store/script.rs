//! The statements that a script needs, with values in the place of parameters: it has nobody to give it any.

use std::fmt::Write as _;

use serde_json::Value;

use super::install::STEPS;
use super::{Origin, Recording, Store};
use crate::model::RevisionId;
use crate::pg::quote::{self, literal};

/// Who runs a script, and from where, as far as the server knows.
const ACTOR: &str = "session_user::text";
const HOST: &str = "coalesce(inet_client_addr()::text, 'local')";

/// How long its transaction took so far, in milliseconds.
const TOOK: &str = "extract(epoch FROM clock_timestamp() - transaction_timestamp())::float8 * 1000";

impl Store {
    /// Makes the control schema.
    #[must_use]
    pub fn install_script(&self) -> String {
        let schema = quote::quoted(&self.schema);
        let mut text = format!("CREATE SCHEMA {schema};\n{};\n", self.version_table());
        for (step, version) in STEPS.iter().zip(1..) {
            text.push_str(&step.replace("{schema}", &schema));
            let _ = write!(text, "INSERT INTO {schema}.schema_version (version) VALUES ({version});\n\n");
        }
        text
    }

    /// Records a revision as applied; `origin` is an SQL expression.
    #[must_use]
    pub fn record_script(&self, recording: &Recording<'_>, origin: &str) -> String {
        let revision = recording.revision;
        let detail = serde_json::json!({
            "checksum": revision.checksum,
            "tool_version": env!("CARGO_PKG_VERSION"),
            "tag": recording.detail["tag"],
            "script": true,
        });
        let values = [
            literal(&revision.id.0),
            literal(recording.kind()),
            literal(&revision.message),
            literal(&revision.checksum),
            ACTOR.to_owned(),
            HOST.to_owned(),
            TOOK.to_owned(),
            literal(env!("CARGO_PKG_VERSION")),
            literal(&revision.content),
            origin.to_owned(),
            format!("'revision.' || {origin}"),
            format!(
                "CASE {origin} WHEN 'skipped' THEN {} ELSE {} END",
                literal(&Recording { origin: Origin::Skipped, ..recording.clone() }.message()),
                literal(&recording.message())
            ),
            format!("{}::jsonb", literal(&detail.to_string())),
        ];
        statement(&self.sql.record_revision, &values)
    }

    /// Takes the record of a revision away, and ends the runs of these jobs.
    #[must_use]
    pub fn forget_script(
        &self,
        revision: &RevisionId,
        jobs: &[&str],
        message: &str,
        detail: &Value,
    ) -> String {
        let id = literal(&revision.0);
        let mut text = statement(&self.sql.forget_revision, std::slice::from_ref(&id));
        for job in jobs {
            let reason = format!("was given up: revision {revision}, which it follows, was undone");
            text.push_str(&statement(&self.sql.give_up_runs, &[literal(job), literal(&reason)]));
        }
        let values = [
            literal("revision.undone"),
            "NULL".to_owned(),
            id,
            ACTOR.to_owned(),
            HOST.to_owned(),
            literal(message),
            format!("{}::jsonb", literal(&detail.to_string())),
        ];
        text + &statement(&self.sql.record_event, &values)
    }
}

/// The statement with values for its parameters, and a semicolon. Values are not looked into for parameters.
fn statement(sql: &str, values: &[String]) -> String {
    let mut pieces = sql.trim_end().split('$');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        let value = number.parse::<usize>().ok().and_then(|number| values.get(number.checked_sub(1)?));
        text.push_str(value.expect("each parameter of ours has its value"));
        text.push_str(rest);
    }
    text + ";\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_place_of_parameters_and_are_not_looked_into() {
        let values: Vec<String> = (1..=11).map(|n| format!("<{n} $1>")).collect();
        assert_eq!(statement("$1, $11, $1\n", &values), "<1 $1>, <11 $1>, <1 $1>;\n");
    }
}
