//! The payroll example is sound: every file parses, applies, goes down and comes up again to the same catalog.

use longhaul::manifest::Manifest;
use longhaul::model::{Revision, RevisionBody, Section};
use longhaul::pg::Inventory;

use crate::support::Database;

fn sql(section: &Section) -> &str {
    match section {
        Section::Transaction(sql) => sql,
        Section::Statements(_) => panic!("every revision of the example runs in transactions"),
    }
}

async fn up(database: &Database, revision: &Revision) {
    match &revision.body {
        RevisionBody::Schema(schema) => {
            database.execute(sql(&schema.up)).await;
            let verify = schema.verify.as_deref().expect("every revision of the example verifies itself");
            for message in database.client.simple_query(verify).await.unwrap() {
                if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                    assert_eq!(row.get(0), Some("t"), "{}", revision.file.display());
                }
            }
        }
        RevisionBody::Data(job) => {
            let set = &job.set[0];
            let statement = format!("UPDATE {} SET {} = {}", job.table, set.column, set.expression);
            database.execute(&statement).await;
        }
    }
}

async fn down(database: &Database, revision: &Revision) {
    match &revision.body {
        RevisionBody::Schema(schema) => {
            database
                .execute(sql(schema.down.as_ref().expect("every revision of the example goes down")))
                .await;
        }
        RevisionBody::Data(job) => {
            let Some(longhaul::model::Down::Set(set, None)) = &job.down else {
                panic!("the example's job goes down")
            };
            let set = &set[0];
            let statement = format!("UPDATE {} SET {} = {}", job.table, set.column, set.expression);
            database.execute(&statement).await;
        }
    }
}

/// Fails with what differs from `before`.
async fn assert_unchanged(database: &mut Database, before: &Inventory, when: &str) {
    let now = Inventory::take(&mut database.client, &[]).await.unwrap();
    let differences: Vec<String> = before.difference(&now).iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{when}: {}", differences.join("\n"));
}

#[tokio::test]
async fn every_revision_of_the_example_goes_up_down_and_up_to_the_same_catalog() {
    let mut database = Database::empty().await;
    let manifest = Manifest::load(&["jobs"]).unwrap();
    let order = manifest.graph.order();
    assert_eq!(order.len(), 4);
    let mut before = Vec::new();
    for id in &order {
        before.push(Inventory::take(&mut database.client, &[]).await.unwrap());
        up(&database, manifest.revision(id).unwrap()).await;
    }
    let whole = Inventory::take(&mut database.client, &[]).await.unwrap();
    assert_ne!(whole, before[0]);
    for (id, before) in order.iter().zip(&before).rev() {
        down(&database, manifest.revision(id).unwrap()).await;
        assert_unchanged(&mut database, before, &format!("down of {id}")).await;
    }
    for id in &order {
        up(&database, manifest.revision(id).unwrap()).await;
    }
    assert_unchanged(&mut database, &whole, "up again").await;
}

#[tokio::test]
async fn the_generator_makes_the_same_rows_from_the_same_seed() {
    let mut digests = Vec::new();
    for zone in ["UTC", "Asia/Tokyo"] {
        let database = Database::empty().await;
        let manifest = Manifest::load(&["jobs"]).unwrap();
        up(&database, manifest.revision("90be11d4a6c3").unwrap()).await;
        database.execute(&format!("SET TimeZone = '{zone}'")).await;
        database.execute(&std::fs::read_to_string("jobs/seed/payroll.sql").unwrap()).await;
        database.execute("CALL demo.generate_payroll(7, 5000); SET TimeZone = 'UTC'").await;
        assert_eq!(database.value::<i64>("SELECT count(*) FROM payroll.entries").await, 5000);
        let digest = "SELECT md5(string_agg(e::text, '' ORDER BY id)) FROM payroll.entries AS e";
        digests.push(database.value::<String>(digest).await);
    }
    assert_eq!(digests[0], digests[1]);
}
