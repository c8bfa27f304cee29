//! Servers that can't be reached, and settings that can't be used.

use insta::assert_snapshot;

use super::{entries, parts, said, untouched};
use crate::support::{Database, Project};

async fn with(project: &Project, arguments: &[&str], code: i32) -> String {
    let outcome = project.longhaul(arguments).await.ended_with(code);
    assert!(untouched(&project.database).await);
    let text = said(project, &outcome);
    assert!(!text.contains("hunter2"), "a password is in:\n{text}");
    text
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_is_named_without_the_password() {
    let project = Project::new(Database::empty().await);
    let (_, place) = parts(&project.database.url);
    let (host, _) = place.split_once('/').unwrap();
    let wrong_password = format!("postgresql://admin:hunter2@{place}");
    let wrong_database = project.database.url.replace(place, &format!("{host}/hrms_prod"));
    assert_snapshot!(with(&project, &["status", "--database-url", &wrong_password], 1).await, @r#"
    error: can't connect to DATABASE on HOST:PORT
      because: password authentication failed for user "admin" [SQLSTATE 28P01]
    hint: check the user and the password (DATABASE_URL, PGPASSWORD, ~/.pgpass)
    "#);
    assert_snapshot!(with(&project, &["status", "--database-url", &wrong_database], 1).await, @r#"
    error: can't connect to hrms_prod on HOST:PORT
      because: database "hrms_prod" does not exist [SQLSTATE 3D000]
    hint: is the database's name right? DATABASE_URL ends with it
    "#);
}

#[tokio::test]
async fn a_server_that_is_away_is_named_with_host_and_port() {
    let project = Project::new(Database::empty().await);
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().to_string();
    let url = format!("postgresql://ann:hunter2@{free}/hrms");
    let text = with(&project, &["status", "--database-url", &url], 1).await.replace(&free, "FREE");
    assert_snapshot!(text, @"
    error: can't connect to hrms on FREE
      because: Connection refused (os error 111)
    hint: is the server up, and are host and port right?
    ");
    let url = "postgresql://ann:hunter2@db.invalid/hrms";
    let text = with(&project, &["status", "--database-url", url], 1).await;
    assert!(text.starts_with("error: can't connect to hrms on db.invalid:5432\n  because: "), "{text}");
    assert!(text.ends_with("hint: is the server up, and are host and port right?"), "{text}");
}

#[tokio::test]
async fn an_address_that_can_not_be_read_is_refused_without_the_password() {
    let project = Project::new(Database::empty().await);
    let status = async |url: &str| with(&project, &["status", "--database-url", url], 2).await;
    assert_snapshot!(status("mysql://ann:hunter2@db/hrms").await, @"
    error: the database URL begins with `mysql`, and longhaul speaks to PostgreSQL only
    hint: write it as postgresql://user:password@host:5432/database
    ");
    assert_snapshot!(status("postgresql://ann:hunter2@db:54x2/hrms").await, @"
    error: the database URL can't be read
      because: invalid value for option `port`
    hint: write it as postgresql://user:password@host:5432/database
    ");
    assert_snapshot!(status("postgresql://ann:hunter2@db/hrms?sslmode=verify-full").await, @"
    error: `sslmode=verify-full` needs to know whom to believe
    hint: name a file with the authority's certificate, sslrootcert=ca.pem, or the machine's own, sslrootcert=system
    ");
    assert_snapshot!(status("hunter2 and more").await, @"
    error: the database URL can't be read
      because: unexpected character at byte 8: expected `=` but got `a`
    hint: write it as postgresql://user:password@host:5432/database
    ");
    assert_snapshot!(status("").await, @"
    error: the database URL is empty
    hint: is the variable that was to fill it not set?
    ");
}

#[tokio::test]
async fn a_configuration_that_is_missing_or_wrong_is_named() {
    let project = Project::new(Database::empty().await);
    assert_snapshot!(with(&project, &["status", "--config", "config/prod.toml"], 2).await, @"
    error: can't read the configuration config/prod.toml
      because: No such file or directory (os error 2)
    hint: --config or LONGHAUL_CONFIG names the file, --env or LONGHAUL_ENV the one of config/<env>.toml
    ");
    assert_snapshot!(with(&project, &["status", "--env", "productoin"], 2).await, @"
    error: can't read the configuration config/productoin.toml
      because: No such file or directory (os error 2)
    hint: --config or LONGHAUL_CONFIG names the file, --env or LONGHAUL_ENV the one of config/<env>.toml
    ");
    project.write("../own.toml", "lock_timout = \"1s\"\n");
    assert_snapshot!(with(&project, &["status", "--config", "own.toml"], 2).await, @r#"
    error: own.toml:1:1: unknown key `lock_timout` at the top of the file
       1 | lock_timout = "1s"
         | ^
    hint: did you mean `lock_timeout`?
    "#);
    project.write("../own.toml", "lock_timeout = \"soon\"\n");
    assert_snapshot!(with(&project, &["status", "--config", "own.toml"], 2).await, @r#"
    error: own.toml:1:16: `soon` is not a duration: write a number and ms, s, min, h or d, like "500ms"
       1 | lock_timeout = "soon"
         |                ^
    "#);
    project.write("../own.toml", "[database]\nurl = \"postgresql://ann:hunter2@db/hrms\"\n");
    assert_snapshot!(with(&project, &["status", "--config", "own.toml"], 2).await, @"
    error: own.toml:1:2: unknown key `database` at the top of the file
       1 | [database]
         |  ^
    hint: the keys at the top of the file are database_url, dir, schema, lock_timeout, connect_timeout, history_wait, workers, pause_file, preimage_retention, hours, limits, new_files, callbacks, lint, timed_query, page, alert, log
    ");
    project.write("../own.toml", "database_url = \"postgresql://ann:hunter2@db/hrms\nschema = 1\n");
    assert_snapshot!(with(&project, &["status", "--config", "own.toml"], 2).await, @r#"error: own.toml:1:49: invalid basic string, expected `"`"#);
}

#[tokio::test]
async fn an_env_file_that_is_wrong_is_named() {
    let project = Project::new(Database::empty().await);
    project
        .write("../.env", "# staging\nDATABASE_URL=postgresql://ann:hunter2@db/hrms\nPGPASSWORD='hunter2\n");
    assert_snapshot!(with(&project, &["status"], 2).await, @"error: can't use ./.env: the value of PGPASSWORD in line 3 can't be read; one with blanks or quotes stands in 'single quotes'");
}

#[tokio::test]
async fn a_schema_of_that_name_that_is_not_ours_is_left_alone() {
    let project = entries().await;
    project
        .write("fill.toml", "[job]\ntable = \"payroll.entries\"\nset = { gross_amount = \"gross_pay\" }\n");
    project.write("../own.toml", "schema = \"payroll\"\n");
    assert_snapshot!(with(&project, &["run", "fill", "--config", "own.toml"], 1).await, @r#"
    error: the schema `payroll` exists and was not made by longhaul
    hint: name another with `schema = "…"` in the configuration
    "#);
}
