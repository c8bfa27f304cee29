//! `[new_files]`: what new files are called, what is in them, and what is done to them.

use insta::assert_snapshot;

use super::{project, write_above};
use crate::support::Project;

async fn configured(text: &str) -> Project {
    let project = project().await;
    project.configure(&format!("[new_files]\n{text}\n"));
    project
}

/// The names of the files in `jobs/`.
fn files(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.jobs()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Refused, with nothing written.
async fn refused(project: &Project, arguments: &[&str]) -> String {
    let before = files(project);
    let outcome = project.longhaul(arguments).await.ended_with(2);
    assert_eq!(files(project), before, "nothing may be written");
    outcome.stderr
}

const NEW: &[&str] = &["revision", "-m", "add iban", "--rev-id", "3f9a0c1b7d52"];

#[tokio::test]
async fn a_file_has_the_name_of_its_template_and_a_job_the_name_of_its_slug() {
    let project = configured("file_name = \"{{ id }}-{{ year }}-{{ slug | upper }}\"\nslug_length = 8").await;
    let job = ["revision", "-m", "fill iban everywhere", "--job", "--rev-id", "0000-11"];
    let file = project.longhaul(&job).await.succeeded().stdout;
    assert!(file.starts_with("jobs/0000-11-20") && file.ends_with("-FILL_IBA.toml\n"), "{file}");
    project.longhaul(&["status", "nothing"]).await.ended_with(2).says("-FILL_IBA");
    // The slug is what follows the id, so the year before it is no part of the job's name.
    project.configure("[new_files]\nfile_name = \"{{ year }}_{{ id }}_{{ slug }}\"");
    project.longhaul(&["revision", "-m", "second", "--job", "--rev-id", "other"]).await.succeeded();
    project.longhaul(&["status", "sekond"]).await.ended_with(2).says("hint: did you mean `second`?");
}

#[tokio::test]
async fn templates_make_the_text_with_everything_that_is_known() {
    let project = configured("schema_template = \"schema.jinja\"\njob_template = \"job.jinja\"").await;
    write_above(
        &project,
        "schema.jinja",
        "{{ header }}\n-- ticket: {{ message | upper }}\n{% if revises %}\n-- after {{ revises | join(' and ') }}\n{% endif %}\n\n\
         -- migrate:up\nSET LOCAL lock_timeout = '1s';\n",
    );
    write_above(
        &project,
        "job.jinja",
        "{{ header }}\n# {{ label }}, {{ slug }}\n[job]\ntable = \"a\"\nset = { b = \"c\" }\n",
    );
    project.longhaul(&["revision", "-m", "base", "--rev-id", "aaaa1111"]).await.succeeded();
    let file = project.longhaul(NEW).await.succeeded().stdout;
    let text = std::fs::read_to_string(project.jobs().join("..").join(file.trim())).unwrap();
    assert_snapshot!(text, @"
    -- revision: 3f9a0c1b7d52
    -- revises: aaaa1111
    -- message: add iban
    -- ticket: ADD IBAN
    -- after aaaa1111

    -- migrate:up
    SET LOCAL lock_timeout = '1s';
    ");
    let job = ["revision", "-m", "fill", "--job", "--rev-id", "bbbb2222", "--branch-label", "payroll"];
    let file = project.longhaul(&job).await.succeeded().stdout;
    let text = std::fs::read_to_string(project.jobs().join("..").join(file.trim())).unwrap();
    assert_snapshot!(text, @r#"
    revision = "bbbb2222"
    revises  = ["3f9a0c1b7d52"]
    message  = "fill"
    labels   = ["payroll"]
    # payroll, fill
    [job]
    table = "a"
    set = { b = "c" }
    "#);
}

#[tokio::test]
async fn a_slip_in_the_configuration_is_shown_at_the_place() {
    let project = configured("file_name = \"{{ id }}_{{ slugg }}\"").await;
    assert_snapshot!(refused(&project, NEW).await, @r#"
    error: config/development.toml:2:13: in the template, column 13: `slugg` is not defined
       2 | file_name = "{{ id }}_{{ slugg }}"
         |             ^
    hint: a template may name id, slug, message, year, month, day, hour, minute, second, epoch, revises, depends, label, header, author and created
    "#);
    let project = configured("file_name = \"{{ year }}/{{ id }}\"").await;
    assert_snapshot!(refused(&project, NEW).await, @r#"
    error: config/development.toml:2:13: `file_name` makes `1970/0123456789ab.sql`, which is not in the directory of revisions itself
       2 | file_name = "{{ year }}/{{ id }}"
         |             ^
    hint: the extension is added to it, .sql or .toml
    "#);
    let project = configured("zone = \"Europe/Wien\"").await;
    assert_snapshot!(refused(&project, NEW).await, @r#"
    error: config/development.toml:2:8: `Europe/Wien` is no time zone known here
       2 | zone = "Europe/Wien"
         |        ^
    hint: write "local", "UTC" or a name like "Europe/Vienna" of the machine's time zone database
    "#);
    let project = configured("hooks = [\"sqlfluff\", \"{file}\"]").await;
    assert_snapshot!(refused(&project, NEW).await, @r#"
    error: config/development.toml:2:10: `hooks` must be a list of lists, and this is a string
       2 | hooks = ["sqlfluff", "{file}"]
         |          ^
    "#);
    let project = configured("hooks = [[]]").await;
    assert_snapshot!(refused(&project, NEW).await, @r#"
    error: config/development.toml:2:10: a hook names no program
       2 | hooks = [[]]
         |          ^
    hint: write a hook as ["program", "argument", "{file}"]
    "#);
}

#[tokio::test]
async fn a_template_that_makes_no_such_revision_writes_nothing() {
    let project = configured("schema_template = \"schema.jinja\"\nfile_name = \"{{ id }}\"").await;
    assert_snapshot!(refused(&project, NEW).await, @"
    error: can't read the template schema.jinja
      because: No such file or directory (os error 2)
    hint: [new_files] in the configuration names it
    ");
    write_above(&project, "schema.jinja", "{{ header }}\n\n-- migrate:up\n-- by {{ autor }}\n");
    assert_snapshot!(refused(&project, NEW).await, @"
    error: schema.jinja:4:10: `autor` is not defined
       4 | -- by {{ autor }}
         |          ^
    hint: a template may name id, slug, message, year, month, day, hour, minute, second, epoch, revises, depends, label, header, author and created
    ");
    write_above(&project, "schema.jinja", "-- revision: always_the_same\n-- migrate:up\n");
    assert_snapshot!(refused(&project, NEW).await, @"
    error: the new file would have the id `always_the_same`, and `3f9a0c1b7d52` was asked for
    hint: nothing was written; a template begins best with `{{ header }}`, which has id, revises, depends, labels and message in it
    ");
    write_above(&project, "schema.jinja", "{{ header }}\nSELECT 1;\n");
    assert_snapshot!(refused(&project, NEW).await, @"
    error: the new file would have something wrong in it
      because: jobs/3f9a0c1b7d52.sql:3:1: SQL stands before the first section
    hint: nothing was written; a template begins best with `{{ header }}`, which has id, revises, depends, labels and message in it
    ");
    project.configure("[new_files]\nfile_name = \"{{ message }}\"");
    assert_snapshot!(refused(&project, &["revision", "-m", "../../x"]).await, @"
    error: `file_name` makes `../../x.sql`, which is not in the directory of revisions itself
    hint: nothing was written; mend `file_name` in [new_files] of the configuration
    ");
}

#[tokio::test]
async fn hooks_run_in_order_without_a_password_and_a_failing_one_is_reported() {
    let ending = "echo '-- formatted' >> \\\"$0\\\"; env > env.txt";
    let project =
        configured(&format!("hooks = [[\"sh\", \"-c\", \"{ending}\", \"{{file}}\"], [\"sh\", \"-c\", \"echo no >&2; exit 3\"], [\"touch\", \"third\"]]"))
            .await;
    let outcome = project.longhaul(NEW).await.ended_with(1);
    let file = outcome.stdout.trim();
    let said = outcome.stderr.replace(file, "FILE");
    assert_snapshot!(said, @"
    error: the hook `sh -c echo no >&2; exit 3` failed: exit status: 3
    no
    hint: FILE is written; mend the hook, or run it by hand
    ");
    let above = project.jobs().join("..");
    assert!(std::fs::read_to_string(above.join(file)).unwrap().ends_with("-- formatted\n"));
    assert!(!above.join("third").exists(), "those after a failing one are not run");
    let environment = std::fs::read_to_string(above.join("env.txt")).unwrap();
    assert!(environment.contains("PATH=") && !environment.contains("DATABASE_URL"), "{environment}");
    project.longhaul(&["history"]).await.succeeded();

    project.configure("[new_files]\nhooks = [[\"no-such-program\", \"{file}\"]]");
    project.longhaul(&["revision", "-m", "more"]).await.ended_with(1).says("can't be started");
    project.configure("[new_files]\nhooks = [[\"sh\", \"-c\", \"echo broken > $0\", \"{file}\"]]");
    project.longhaul(&["revision", "-m", "broken"]).await.ended_with(2).says("SQL stands before");
}

#[tokio::test]
async fn the_editor_opens_a_new_file_and_an_old_one() {
    let project = project().await;
    refused(&project, &["revision", "-m", "a", "--edit"]).await;
    project.longhaul(&["revision", "-m", "a", "--edit"]).await.ended_with(2).says("no editor is set");
    write_above(&project, ".env", "EDITOR='sh edit.sh'\n");
    write_above(&project, "edit.sh", "echo '-- edited' >> \"$1\"\n");
    let file = project.longhaul(&[NEW, &["--edit"]].concat()).await.succeeded().stdout;
    let text = || std::fs::read_to_string(project.jobs().join("..").join(file.trim())).unwrap();
    assert_eq!(text().matches("-- edited").count(), 1);
    project.longhaul(&["edit", "3f9a"]).await.succeeded();
    assert_eq!(text().matches("-- edited").count(), 2);
    project.longhaul(&["edit", "dead"]).await.ended_with(2).says("`dead` is no revision");
    write_above(&project, "edit.sh", "echo broken > \"$1\"\n");
    project.longhaul(&["edit", "3f9a"]).await.ended_with(2).says("SQL stands before the first section");
}
