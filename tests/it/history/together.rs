//! Several processes that change the history at once.

use super::gate::{entries, ledger};
use crate::support::{Outcome, Project};

const FILES: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "-- revision: aaaa1111\n-- migrate:up\nCREATE TABLE items (id int PRIMARY KEY, a int, b int);\n\
         INSERT INTO items SELECT n, n FROM generate_series(1, 30) AS n;\nINSERT INTO ledger VALUES ('a');\n",
    ),
    (
        "2_b.sql",
        "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up\nINSERT INTO ledger VALUES ('b');\n",
    ),
    (
        "3_c.sql",
        "-- revision: cccc3333\n-- revises: aaaa1111\n-- migrate:up transaction:false\n\
         INSERT INTO ledger VALUES ('c1');\nCREATE INDEX CONCURRENTLY items_a ON items (a);\n\
         INSERT INTO ledger VALUES ('c2');\n",
    ),
    (
        "4_d.toml",
        "revision = \"dddd4444\"\nrevises = [\"bbbb2222\"]\nmessage = \"fill\"\n[job]\ntable = \"items\"\n\
         set = { b = \"a\" }\n[batch]\nmin = 10\nmax = 10\n",
    ),
    (
        "5_e.sql",
        "-- revision: eeee5555\n-- revises: dddd4444\n-- migrate:up\nINSERT INTO ledger VALUES ('e');\n",
    ),
];

/// Starts the commands at once, and waits for their ends.
async fn at_once(project: &Project, commands: &[&[&str]]) -> Vec<Outcome> {
    let processes: Vec<_> = commands.iter().map(|command| project.spawn(command)).collect();
    let mut outcomes = Vec::new();
    for process in processes {
        let outcome = process.outcome().await;
        let code = outcome.status.code();
        assert!(matches!(code, Some(0 | 75)), "{code:?}:\n{}\n{}", outcome.stdout, outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
        outcomes.push(outcome);
    }
    outcomes
}

#[tokio::test]
async fn upgrades_at_once_do_each_revision_once_from_wherever_the_database_stands() {
    // Side by side, since a process that finds the job taken first watches whether the other lives.
    for rounds in [0..5, 5..10] {
        futures_util::future::join_all(rounds.map(upgraded_at_once)).await;
    }
}

async fn upgraded_at_once(round: usize) {
    let project = ledger().await;
    for (name, text) in FILES {
        project.write(name, text);
    }
    let before: &[&str] = [&[][..], &["aaaa"], &["bbbb"], &["cccc"], &["dddd"]][round % 5];
    for target in before {
        project.longhaul(&["upgrade", target]).await.succeeded();
    }
    let upgrade = &["upgrade", "heads"][..];
    let outcomes = at_once(&project, &[upgrade; 4][..2 + round % 2 * 2]).await;
    assert!(outcomes.iter().any(|outcome| outcome.status.success()), "round {round}: nobody came to the end");
    project.longhaul(upgrade).await.succeeded().says("the database is there already");
    assert_eq!(entries(&project.database).await, "a b c1 c2 e", "round {round}");
    let sound = "SELECT (SELECT count(*) = 0 FROM items WHERE b IS DISTINCT FROM a)
                     AND (SELECT count(*) = 5 FROM longhaul.event WHERE kind = 'revision.applied')
                     AND (SELECT count(*) = 1 FROM longhaul.run) AND NOT EXISTS (SELECT FROM longhaul.section)
                     AND (SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = 'items'::regclass)";
    assert!(project.database.value::<bool>(sound).await, "round {round}");
}

#[tokio::test]
async fn an_upgrade_and_a_downgrade_at_once_leave_a_whole_history() {
    let project = ledger().await;
    let id = |n: usize| format!("aaaa111{n}");
    for n in 1..=4 {
        let revises = if n > 1 { format!("-- revises: {}\n", id(n - 1)) } else { String::new() };
        let by_statements = if n == 3 { " transaction:false" } else { "" };
        let text = format!(
            "-- revision: {}\n{revises}-- migrate:up{by_statements}\nCREATE TABLE t{n} (id int);\n\
             INSERT INTO ledger VALUES ('{n}');\n-- migrate:down{by_statements}\nDROP TABLE t{n};\n\
             DELETE FROM ledger WHERE entry = '{n}';\n",
            id(n)
        );
        project.write(&format!("{n}.sql"), &text);
    }
    let (up, down) = (&["upgrade"][..], &["downgrade", "base"][..]);
    for round in 0..10 {
        if round % 2 == 1 {
            project.longhaul(up).await.succeeded();
        }
        at_once(&project, &[up, down, up, down]).await;
        let applied: Vec<String> = project
            .database
            .value("SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM longhaul.revision")
            .await;
        let closed: Vec<String> = (1..=applied.len()).map(id).collect();
        assert_eq!(applied, closed, "round {round}: one is applied without what it follows");
        for n in 1..=4 {
            let there: bool = project
                .database
                .value(&format!(
                    "SELECT to_regclass('t{n}') IS NOT NULL AND (SELECT count(*) = 1 FROM ledger WHERE entry = '{n}')"
                ))
                .await;
            assert_eq!(there, applied.contains(&id(n)), "round {round}: revision {n}, of {applied:?}");
        }
    }
}

#[tokio::test]
async fn the_first_upgrades_of_many_databases_make_one_control_schema_each() {
    for _ in 0..3 {
        let project = ledger().await;
        project.write("1.sql", "-- revision: aaaa1111\n-- migrate:up\nINSERT INTO ledger VALUES ('1');\n");
        for outcome in at_once(&project, &[&["upgrade"][..]; 4]).await {
            outcome.succeeded();
        }
        assert_eq!(entries(&project.database).await, "1");
    }
}
