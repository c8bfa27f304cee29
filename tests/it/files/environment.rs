//! Where the settings come from besides flags: variables, and variables in the configuration.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use insta::assert_snapshot;

use super::{project, schema, write_above};

/// `DATABASE_URL`, which the other tests have, is not set.
const UNSET: (&str, &str) = ("DATABASE_URL", "");
const NOWHERE: &str = "postgresql://nobody@127.0.0.1:1/none";

#[tokio::test]
async fn the_variables_of_sqlalchemy_name_the_database_where_ours_does_not() {
    let project = project().await;
    project.write("1_a.sql", &schema("aaaa1111", "", "first"));
    let url = project.database.url.replace("postgresql://", "postgresql+asyncpg://");
    for name in ["SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_DATABASE_URL"] {
        project.longhaul_with(&[UNSET, (name, &url)], &["upgrade"]).await.succeeded();
    }
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM longhaul.revision").await, 1);
    // Ours is the first, then the one that Flask knows.
    let both = [("SQLALCHEMY_DATABASE_URI", NOWHERE), ("SQLALCHEMY_DATABASE_URL", &url)];
    project.longhaul_with(&both, &["current"]).await.succeeded();
    project
        .longhaul_with(&[&[UNSET], &both[..]].concat(), &["current"])
        .await
        .ended_with(1)
        .says("127.0.0.1:1");
    project.longhaul_with(&[UNSET], &["current"]).await.ended_with(2).says("no database is named");
}

#[tokio::test]
async fn variables_that_are_no_text_are_left_to_others() {
    let project = project().await;
    let strange = [("STRANGE", OsStr::from_bytes(b"\xff"))];
    project.longhaul_with(&strange, &["current"]).await.succeeded();
}

#[tokio::test]
async fn a_configuration_takes_the_address_from_a_variable_that_it_names() {
    let project = project().await;
    project.write("1_a.sql", &schema("aaaa1111", "", "first"));
    project.configure("database_url = \"${PAYROLL_URL}\"\n");
    let set = [UNSET, ("PAYROLL_URL", &*project.database.url)];
    project.longhaul_with(&set, &["upgrade"]).await.succeeded();
    let missing = project.longhaul_with(&[UNSET], &["upgrade"]).await.ended_with(2).stderr;
    assert_snapshot!(missing, @"
    error: config/development.toml:1:16: `database_url` needs the variable PAYROLL_URL, which is not set
    hint: set PAYROLL_URL, in the environment or in .env, or use --database-url
    ");
    // PG* variables fill what an address leaves open; they don't take the place of one that is missing.
    project
        .longhaul_with(&[UNSET, ("PGHOST", "127.0.0.1")], &["upgrade"])
        .await
        .ended_with(2)
        .says("PAYROLL_URL");
    project.longhaul_with(&[UNSET], &["history"]).await.succeeded();
    project.longhaul(&["upgrade"]).await.succeeded();
    project.configure("database_url = \"postgresql://h/${}\"\n");
    project
        .longhaul_with(&[UNSET], &["upgrade"])
        .await
        .ended_with(2)
        .says("has a `${` that names no variable");
}

#[tokio::test]
async fn a_variable_names_the_configuration_as_the_flag_does() {
    let project = project().await;
    write_above(&project, "other.toml", "dir = \"others\"\n");
    let set = [("LONGHAUL_CONFIG", "other.toml"), ("LONGHAUL_ENV", "staging")];
    project.longhaul_with(&set, &["history"]).await.ended_with(2).says("can't read others");
    project.longhaul_with(&set, &["history", "--dir", "jobs"]).await.succeeded();
    project.configure("");
    project.longhaul_with(&set, &["history", "--env", "development"]).await.succeeded();
    project.longhaul_with(&set, &["history", "--config", "config/development.toml"]).await.succeeded();
    project
        .longhaul_with(&[("LONGHAUL_CONFIG", "nowhere.toml")], &["history"])
        .await
        .ended_with(2)
        .says("can't read the configuration nowhere.toml")
        .says("hint: --config or LONGHAUL_CONFIG names the file");
}
