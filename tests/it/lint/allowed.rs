//! Comments that allow what is found.

use super::{revision, rules, told};
use crate::support::{Database, Project};

#[tokio::test]
async fn a_comment_with_a_reason_allows_its_statement_and_no_other() {
    let project = Project::new(Database::empty().await);
    let up = "-- longhaul:allow create-index: the table is written at night only\nCREATE INDEX a ON big (x);\n\
              CREATE INDEX b ON big (y);";
    project.write("1_a.sql", &revision("aaaa1111", "", up));
    let told = told(&project, &["--offline"]).await;
    assert_eq!(rules(&told), ["create-index danger"]);
    assert_eq!(told["findings"][0]["line"], 7);
    assert_eq!(told["allowed"][0]["line"], 6);
    assert_eq!(told["allowed"][0]["reason"], "the table is written at night only");
}

#[tokio::test]
async fn a_comment_in_the_header_allows_the_whole_file() {
    let project = Project::new(Database::empty().await);
    let text = revision("aaaa1111", "", "CREATE INDEX a ON big (x);\nCREATE INDEX b ON big (y);");
    project.write("1_a.sql", &format!("-- longhaul:allow create-index: nobody is there yet\n{text}"));
    let told = told(&project, &["--offline"]).await;
    assert!(rules(&told).is_empty(), "{told:#}");
    assert_eq!(told["allowed"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn without_a_reason_a_comment_allows_nothing_and_is_an_error_itself() {
    let project = Project::new(Database::empty().await);
    let up = "-- longhaul:allow create-index\nCREATE INDEX a ON big (x);";
    project.write("1_a.sql", &revision("aaaa1111", "", up));
    let told = told(&project, &["--offline"]).await;
    assert_eq!(rules(&told), ["allow-without-reason danger", "create-index danger"]);
    assert_eq!(told["findings"][0]["line"], 5);
}

#[tokio::test]
async fn a_comment_that_allows_nothing_is_told() {
    let project = Project::new(Database::empty().await);
    let up = "-- longhaul:allow create-index: it was so before\nCREATE TABLE a (x int);\n\
              -- longhaul:allow creat-index: a slip\nSELECT 1;\n\
              SELECT '\n-- longhaul:allow nothing: this is a text\n';";
    project.write("1_a.sql", &revision("aaaa1111", "", up));
    let told = told(&project, &["--offline"]).await;
    assert_eq!(rules(&told), ["unused-allow warning", "unused-allow warning"]);
    let says = told["findings"][1]["says"].as_str().unwrap();
    assert_eq!(says, "a comment allows `creat-index`, and there is no such rule");
}
