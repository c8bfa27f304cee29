//! Each role does what it is for, and is told what it lacks for anything else.

use super::Staff;

const ADD_NOTE: &str = "-- revision: aaaa1111\n-- migrate:up\nALTER TABLE payroll.entries ADD note text;\n\
     -- migrate:down\nALTER TABLE payroll.entries DROP note;\n";

const FILL_NOTE: &str = "revision = \"bbbb2222\"\nrevises = [\"aaaa1111\"]\nmessage = \"fill note\"\n\
     [job]\ntable = \"payroll.entries\"\nset = { note = \"'n' || id\" }\n[down]\nset = { note = \"NULL\" }\n";

/// Payroll's table, which is the owner's, and one that is nobody's business.
async fn payroll() -> Staff {
    let staff =
        Staff::new(["payroll_migrator", "payroll_runner", "payroll_operator", "longhaul_reader"]).await;
    staff
        .database()
        .execute(
            "CREATE SCHEMA payroll;
             CREATE TABLE payroll.entries (id int PRIMARY KEY, old int NOT NULL, new int);
             INSERT INTO payroll.entries SELECT i, i FROM generate_series(1, 400) AS i;
             CREATE TABLE payroll.secrets (id int PRIMARY KEY, a int, b int);
             CREATE ROLE payroll_owner;
             ALTER TABLE payroll.entries OWNER TO payroll_owner;
             GRANT USAGE, CREATE ON SCHEMA payroll TO payroll_owner;
             GRANT payroll_owner TO payroll_migrator",
        )
        .await;
    staff.project.write("1_note.sql", ADD_NOTE).write("2_fill.toml", FILL_NOTE);
    staff.project.write(
        "fill.toml",
        "[job]\ntable = \"payroll.entries\"\nset = { new = \"old * 2\" }\n\n[batch]\nmin = 10\nmax = 10\n",
    );
    staff.project.write("secret.toml", "[job]\ntable = \"payroll.secrets\"\nset = { a = \"b\" }\n");
    staff
}

#[tokio::test]
async fn who_may_not_make_the_control_schema_is_told_who_can() {
    let staff = payroll().await;
    staff.longhaul(staff.migrator, &["upgrade", "--no-data"]).await.ended_with(1).says(
        "hint: it takes CREATE on the database, or a schema of the role's own that a DBA makes beforehand: \
         scripts/grants.sql",
    );
    staff.grant("payroll.entries").await;
    staff
        .longhaul(staff.runner, &["run", "fill"])
        .await
        .ended_with(2)
        .says("the schema longhaul is empty, and the role `payroll_runner` may not make its tables")
        .says("hint: GRANT USAGE, CREATE ON SCHEMA longhaul TO payroll_runner; or let another role make it");
    let found = staff.longhaul(staff.reader, &["status"]).await.succeeded();
    assert!(found.stdout.contains("no job has been run on this database"), "{}", found.stdout);
    staff.longhaul(staff.migrator, &["upgrade", "--no-data"]).await.succeeded();
    // Its tables are there, and the rights on them are not yet.
    for (role, command) in [(staff.reader, &["status"][..]), (staff.runner, &["run", "fill"])] {
        staff
            .longhaul(role, command)
            .await
            .ended_with(1)
            .says(&format!("the role {role} lacks rights on the control schema `longhaul`: SELECT ON"))
            .says("; scripts/grants.sql grants what each kind of role needs");
    }
    staff.grant("payroll.entries").await;
    staff.longhaul(staff.reader, &["status"]).await.succeeded();
    staff.longhaul(staff.runner, &["run", "fill"]).await.succeeded();
}

#[tokio::test]
async fn each_role_does_what_it_is_for_and_nothing_else() {
    let staff = payroll().await;
    let Staff { migrator, runner, operator, reader, .. } = staff;
    staff.grant("payroll.entries").await;
    staff.longhaul(migrator, &["upgrade", "--no-data"]).await.succeeded();
    staff.grant("payroll.entries").await;

    staff.longhaul(runner, &["run", "2_fill"]).await.succeeded();
    staff.longhaul(runner, &["verify", "2_fill"]).await.succeeded();
    staff.longhaul(runner, &["worker", "--once"]).await.succeeded();
    staff
        .longhaul(runner, &["run", "secret"])
        .await
        .ended_with(2)
        .says("the role `payroll_runner` may not update `a`")
        .says("hint: GRANT SELECT, UPDATE ON payroll.secrets TO payroll_runner");
    staff.longhaul(runner, &["downgrade", "-1"]).await.ended_with(1).says("permission denied for table");

    for command in [
        &["status"][..],
        &["status", "2_fill"],
        &["log"],
        &["current"],
        &["history"],
        &["pending"],
        &["check"],
        &["doctor"],
    ] {
        staff.longhaul(reader, command).await.succeeded();
    }
    let operators = "the role longhaul_reader lacks rights on the control schema `longhaul`: \
         UPDATE ON longhaul.database_settings; INSERT ON longhaul.event; UPDATE ON longhaul.range; \
         UPDATE ON longhaul.run; DELETE ON longhaul.worker";
    for command in [
        &["pause", "2_fill"][..],
        &["resume", "2_fill"],
        &["cancel", "2_fill"],
        &["set", "2_fill", "workers=1"],
        &["set", "--database", "workers=1"],
    ] {
        staff
            .longhaul(reader, command)
            .await
            .ended_with(1)
            .says(operators)
            .says("hint: GRANT UPDATE ON longhaul.database_settings TO longhaul_reader; GRANT INSERT ON");
    }
    for role in [reader, operator] {
        staff.longhaul(role, &["run", "fill"]).await.ended_with(2).says("can't see `payroll.entries`");
        staff.longhaul(role, &["verify", "2_fill"]).await.ended_with(2).says("GRANT USAGE ON SCHEMA payroll");
        for command in [&["downgrade", "-1"][..], &["stamp", "base"]] {
            staff.longhaul(role, command).await.ended_with(1).says("UPDATE ON longhaul.history_lock");
        }
    }

    staff.longhaul(migrator, &["downgrade", "base"]).await.succeeded();
    staff.longhaul(migrator, &["upgrade"]).await.succeeded();
    staff.longhaul(migrator, &["stamp", "aaaa"]).await.succeeded();
    staff.longhaul(migrator, &["stamp", "heads"]).await.succeeded();
}

#[tokio::test]
async fn an_operator_has_a_word_in_runs_and_no_rights_on_tables() {
    let staff = payroll().await;
    let Staff { migrator, runner, operator, .. } = staff;
    staff.grant("payroll.entries").await;
    staff.longhaul(migrator, &["upgrade", "--no-data"]).await.succeeded();
    staff.grant("payroll.entries").await;
    let holder = staff.database().connect().await;
    holder.batch_execute("BEGIN; SELECT FROM payroll.entries WHERE id = 200 FOR UPDATE").await.unwrap();
    let job = staff.project.read("fill.toml").replace("[batch]", "[batch]\ntarget = \"60s\"");
    staff.project.write("fill.toml", &job);
    let url = staff.url(runner);
    let process = staff.project.spawn(&["run", "fill", "--workers", "1", "--database-url", &url]);
    staff
        .database()
        .until(
            "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'longhaul batches'
                     AND wait_event_type = 'Lock')",
        )
        .await;
    let status = staff.longhaul(operator, &["status", "fill"]).await.succeeded();
    assert!(status.stdout.contains("running"), "{}", status.stdout);
    staff.longhaul(operator, &["set", "fill", "rows_per_second=100000"]).await.succeeded();
    staff.longhaul(operator, &["set", "--database", "rows_per_second=200000"]).await.succeeded();
    staff.longhaul(operator, &["pause", "fill", "--why", "payday"]).await.succeeded();
    holder.batch_execute("COMMIT").await.unwrap();
    process.outcome().await.ended_with(4);
    staff.longhaul(operator, &["resume", "fill"]).await.succeeded();
    staff.longhaul(operator, &["cancel", "fill"]).await.succeeded();
    let denied = staff.longhaul(operator, &["run", "fill"]).await.ended_with(2);
    denied.says("hint: GRANT USAGE ON SCHEMA payroll TO payroll_operator");
    staff.longhaul(runner, &["run", "fill"]).await.succeeded();
}
