//! `check --roundtrip`: every revision up, down and up again.

use insta::assert_snapshot;

use crate::support::{Database, Project};

#[tokio::test]
async fn the_example_goes_up_down_and_up_again_on_a_database_of_its_own() {
    let project = Project::example(Database::empty().await);
    let scratch = project.database.url.clone();
    let said = project.longhaul(&["check", "--roundtrip", "--scratch", &scratch]).await.succeeded().stdout;
    assert_snapshot!(said, @"roundtrip ok       4 revisions, each up, down and up again");
}

#[tokio::test]
async fn what_a_revision_leaves_behind_is_named() {
    let project = Project::new(Database::empty().await);
    project.write(
        "1_a.sql",
        "-- revision: aaaa1111\n-- migrate:up\nCREATE TYPE public.kind AS ENUM ('x');\nCREATE TABLE public.t (k public.kind);\n\
         -- migrate:down\nDROP TABLE public.t;\n",
    );
    project.write("2_b.sql", "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up\nSELECT 1;\n");
    let scratch = project.database.url.clone();
    let said = project.longhaul(&["check", "--roundtrip", "--scratch", &scratch]).await.ended_with(3).stdout;
    assert_snapshot!(said, @"
    roundtrip FOUND    aaaa1111 undone leaves behind what keeps it from being applied again: jobs/1_a.sql: revision aaaa1111 failed, and nothing of it was kept
        extra: type public.kind
          + enum
          + 'x'
          + owner admin
    ");

    let project = Project::new(Database::empty().await);
    project.write(
        "1_a.sql",
        "-- revision: aaaa1111\n-- migrate:up\nCREATE TABLE public.t (k int);\nCREATE SCHEMA IF NOT EXISTS left_behind;\n\
         -- migrate:down\nDROP TABLE public.t;\n",
    );
    project.write("2_b.sql", "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up\nSELECT 1;\n");
    let scratch = project.database.url.clone();
    let said = project.longhaul(&["check", "--roundtrip", "--scratch", &scratch]).await.ended_with(3).stdout;
    assert_snapshot!(said, @"
    roundtrip FOUND    aaaa1111 undone leaves the database other than it was before
        extra: schema left_behind
          + owner admin
    roundtrip FOUND    bbbb2222 can't be undone
    ");
}

#[tokio::test]
async fn a_database_that_is_used_is_no_scratch_database() {
    let project = Project::example(Database::empty().await);
    project.database.execute("CREATE TABLE mine (id int)").await;
    let scratch = project.database.url.clone();
    project
        .longhaul(&["check", "--roundtrip", "--scratch", &scratch])
        .await
        .ended_with(2)
        .says("is not empty, and all revisions would be undone in it");
    assert!(project.database.value::<bool>("SELECT to_regclass('mine') IS NOT NULL").await);
}
