//! `plan JOB`: what it says, and that nothing is left of what it tries.

mod checks;
mod forecast;
mod tables;
mod traceless;

use serde_json::Value;

use crate::support::{Database, Outcome, Project};

/// What the job of these tests does.
pub(crate) const SET: &str = "set = { new = \"old * 2\" }";

/// A database with `items` and the job `fill` on it.
pub(crate) async fn items(rows: i32) -> Project {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(&format!(
            "CREATE TABLE items (id int PRIMARY KEY, old int NOT NULL, new int);
             INSERT INTO items (id, old) SELECT i, i FROM generate_series(1, {rows}) AS i;
             ANALYZE items"
        ))
        .await;
    job(&project, SET);
    project
}

/// Writes the job.
pub(crate) fn job(project: &Project, what: &str) {
    project.write("fill.toml", &format!("[job]\ntable = \"items\"\n{what}\n"));
}

/// What `plan --json` says.
pub(crate) fn told(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}

/// Plans the job, which is to end with this code, and fails unless these are said: subject, level, words.
pub(crate) async fn says(project: &Project, code: i32, findings: &[(&str, &str, &str)]) -> Value {
    let told = told(&project.longhaul(&["plan", "fill", "--json"]).await.ended_with(code));
    for (subject, level, words) in findings {
        let all = told["findings"].as_array().unwrap();
        let found = all.iter().any(|finding| {
            finding["subject"] == *subject
                && finding["level"] == *level
                && finding["says"].as_str().unwrap().contains(words)
        });
        assert!(found, "{subject} {level} `{words}` is not in {told:#}");
    }
    told
}
