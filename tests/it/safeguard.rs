//! Before what may lose data: the backup, and the restore point.

use crate::support::{Database, Primary, Project};

fn write(project: &Project) {
    project.write(
        "1_a.sql",
        "-- revision: aaaa1111\n-- message: a\n\n-- migrate:up\nCREATE TABLE a (n int, old int);\n\n-- migrate:down\nDROP TABLE a;\n",
    );
    project.write(
        "2_b.sql",
        "-- revision: bbbb1111\n-- revises: aaaa1111\n-- message: b\n\n-- migrate:up\nALTER TABLE a DROP COLUMN old;\n\n\
         -- migrate:down\nALTER TABLE a ADD COLUMN old int;\n",
    );
}

#[tokio::test]
async fn a_restore_point_is_written_and_logged_before_what_may_lose_data() {
    let project = Project::new(Database::empty().await);
    write(&project);
    let quiet = project.longhaul(&["upgrade", "aaaa1111"]).await.succeeded();
    assert!(!quiet.stderr.contains("restore point"), "{}", quiet.stderr);
    project.longhaul(&["upgrade"]).await.succeeded().says("restore point \"longhaul up bbbb1111\" at ");
    project
        .longhaul(&["downgrade", "base"])
        .await
        .succeeded()
        .says("restore point \"longhaul down aaaa1111\" at ");
    let logged = "SELECT count(*) FROM longhaul.event WHERE kind = 'restore_point.created'
                  AND (detail ->> 'lsn')::pg_lsn > '0/0' AND detail ->> 'name' LIKE 'longhaul %'";
    assert_eq!(project.database.value::<i64>(logged).await, 2);
}

#[tokio::test]
async fn where_the_role_may_not_write_one_that_is_said_and_stops_nothing() {
    let primary = Primary::start(&[]).await;
    let project = Project::new(primary.database().await);
    write(&project);
    project
        .database
        .execute(
            "CREATE ROLE plain LOGIN PASSWORD 'plain'; GRANT CREATE ON SCHEMA public TO plain;
             DO $$ BEGIN EXECUTE format('GRANT ALL ON DATABASE %I TO plain', current_database()); END $$",
        )
        .await;
    let url = project.database.url_of("plain");
    let outcome = project.spawn_with(&[("DATABASE_URL", &url)], &["upgrade"]).outcome().await.succeeded();
    outcome.says("no restore point is written before what may lose data: permission denied for function pg_create_restore_point");
}

#[tokio::test]
async fn a_backup_that_fails_keeps_everything_from_being_begun() {
    let project = Project::new(Database::empty().await);
    write(&project);
    project.configure(
        "[callbacks]\nbackup = \"echo backup of $LONGHAUL_REVISIONS, $LONGHAUL_DIRECTION; test -e may\"\n",
    );
    let outcome = project.longhaul(&["upgrade"]).await.ended_with(1);
    outcome.says("backup of bbbb1111, up").says("exit status: 1");
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM longhaul.revision").await, 0);
    project.write("../may", "");
    project.longhaul(&["upgrade"]).await.succeeded();
}
