//! `lint`: what is told against what a server does; sizes, formats, comments, the gate before `upgrade`.

mod allowed;
mod corpus;
mod formats;
mod gate;
mod observed;
mod sizes;

use serde_json::Value;

use crate::support::Project;

/// A revision with this section `up`.
fn revision(id: &str, after: &str, up: &str) -> String {
    let revises = if after.is_empty() { String::new() } else { format!("-- revises: {after}\n") };
    format!(
        "-- revision: {id}\n{revises}-- message: {id}\n\n-- migrate:up\n{up}\n\n-- migrate:down\nSELECT 1;\n"
    )
}

/// What lint says of all that is pending, as JSON; with the exit code that belongs to it.
async fn told(project: &Project, arguments: &[&str]) -> Value {
    let outcome = project.longhaul(&[&["lint", "--json"], arguments].concat()).await;
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    let code = if told["ok"] == true { 0 } else { 3 };
    outcome.ended_with(code);
    told
}

/// The findings as `rule level`.
fn rules(told: &Value) -> Vec<String> {
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = told["findings"].as_array().unwrap().iter();
    findings.map(|finding| format!("{} {}", word(finding, "rule"), word(finding, "level"))).collect()
}
