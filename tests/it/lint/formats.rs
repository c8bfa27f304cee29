//! Text, SARIF and annotations.

use insta::assert_snapshot;
use serde_json::Value;

use super::{revision, told};
use crate::support::{Database, Project};

async fn project() -> Project {
    let project = Project::new(Database::empty().await);
    let up = "ALTER TABLE staff.person\n    ALTER COLUMN name SET NOT NULL;\n\
              -- longhaul:allow add-foreign-key: small\n\
              ALTER TABLE staff.person ADD CONSTRAINT c FOREIGN KEY (team) REFERENCES staff.team (id);\n\
              CREATE INDEX CONCURRENTLY i ON staff.person (team);";
    project.write("1 a.sql", &revision("aaaa1111", "", up));
    project
}

#[tokio::test]
async fn text_says_who_waits_why_and_what_to_do_instead() {
    let project = project().await;
    let outcome = project
        .longhaul(&["lint", "--offline", "--server-version", "17", "jobs/1 a.sql"])
        .await
        .ended_with(3);
    assert_snapshot!(outcome.stdout, @r"
    jobs/1 a.sql:5:1: danger: SET NOT NULL looks at every row of staff.person [set-not-null]
        reads and writes of staff.person wait as long as the table is large (its size isn't known here)
        why: no valid CHECK proves that no row has NULL, so all are looked at under ACCESS EXCLUSIVE
        safe: ALTER TABLE staff.person ADD CONSTRAINT person_name_not_null CHECK (name IS NOT NULL) NOT VALID;
              -- in the next revision:
              ALTER TABLE staff.person VALIDATE CONSTRAINT person_name_not_null;
              -- in the one after that, which looks at no row then:
              ALTER TABLE staff.person ALTER COLUMN name SET NOT NULL;
              ALTER TABLE staff.person DROP CONSTRAINT person_name_not_null;
              -- or: longhaul add-not-null staff.person.name
    jobs/1 a.sql:8:1: danger: this runs while the ACCESS EXCLUSIVE of line 5 on staff.person is held [long-after-lock]
        reads and writes of staff.person wait as long as the table is large (its size isn't known here)
        why: locks are held until the commit, whichever statement took them
        safe: -- this statement in a revision of its own
    jobs/1 a.sql:9:1: danger: CREATE INDEX CONCURRENTLY can't run in a transaction: the revision fails [concurrently-in-transaction]
        why: the section is one transaction
        safe: -- migrate:up transaction:false
    ");
    outcome.says(
        "1 file: 3 dangerous, 0 warnings, 1 note (--verbose tells them), 1 allowed; PostgreSQL 17 assumed",
    );
    let newer = project.longhaul(&["lint", "--offline", "jobs/1 a.sql"]).await.ended_with(3).stdout;
    assert!(newer.contains("ADD CONSTRAINT person_name_not_null NOT NULL name NOT VALID;"), "{newer}");
}

#[tokio::test]
async fn sarif_has_what_the_standard_asks_for() {
    let project = project().await;
    let outcome = project.longhaul(&["lint", "--offline", "--format", "sarif"]).await.ended_with(3);
    let log: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(rules.iter().all(|rule| rule["shortDescription"]["text"].is_string()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rules.len(), "a rule is there twice");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 5, "{results:#?}");
    for result in results {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
        assert!(matches!(result["level"].as_str(), Some("error" | "warning" | "note")));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "jobs/1%20a.sql");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 5);
        assert!(place["region"]["startColumn"].as_u64().unwrap() >= 1);
    }
    let suppressed: Vec<_> = results.iter().filter(|result| result.get("suppressions").is_some()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "inSource");
    assert_eq!(suppressed[0]["suppressions"][0]["justification"], "small");
}

#[tokio::test]
async fn annotations_are_a_line_each() {
    let project = project().await;
    let outcome = project.longhaul(&["lint", "--offline", "--format", "github", "-v"]).await.ended_with(3);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", outcome.stdout);
    let begins =
        "::error file=jobs/1 a.sql,line=5,col=1,title=longhaul set-not-null::SET NOT NULL looks at every row";
    assert!(lines[0].starts_with(begins), "{}", lines[0]);
    assert!(lines[0].contains("%0A"));
    assert!(lines.iter().any(|line| line.starts_with("::notice ")), "{lines:?}");
    let brief = project.longhaul(&["lint", "--offline", "--format", "github"]).await.ended_with(3).stdout;
    assert!(!brief.contains("::notice "), "{brief}");
}

#[tokio::test]
async fn json_tells_the_locks_of_each_statement_and_down_is_looked_at_when_asked() {
    let project = project().await;
    let json = told(&project, &["--offline"]).await;
    let locks = &json["statements"][1]["locks"];
    assert_eq!(locks[0]["lock"], "SHARE ROW EXCLUSIVE");
    assert_eq!(locks[1]["table"], "staff.team");
    assert_eq!(json["statements"].as_array().unwrap().len(), 3);
    let both = told(&project, &["--offline", "--down"]).await;
    assert_eq!(both["statements"][3]["direction"], "down");
    let rules = project.longhaul(&["lint", "--rules"]).await.succeeded().stdout;
    assert!(rules.contains("set-not-null") && rules.contains("identifier-too-long"), "{rules}");
}

#[tokio::test]
async fn squawk_tells_what_it_knows_with_its_own_names() {
    let project = Project::new(Database::empty().await);
    let up = "CREATE TABLE a (b char(3), at timestamp);\nDROP DATABASE payroll;";
    project.write("1_a.sql", &revision("aaaa1111", "", up));
    let all = super::rules(&told(&project, &[]).await);
    assert_eq!(all, ["ban-char-field note", "prefer-timestamp-tz note", "ban-drop-database danger"]);
}
