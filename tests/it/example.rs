//! The payroll example is sound: every file parses, applies, goes down and comes up again to the same catalog.

use longhaul::manifest::Manifest;
use longhaul::model::{Revision, RevisionBody, Section};

use crate::support::Database;

/// What the catalog says, in an order that doesn't depend on the order in which things were made.
const CATALOG: &str = "
    SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM (
        SELECT format('column %s.%s.%s %s %s %s', table_schema, table_name, column_name, data_type, is_nullable,
                      column_default) AS line
        FROM information_schema.columns WHERE table_schema IN ('config', 'hr', 'payroll', 'security')
        UNION ALL
        SELECT format('index %s', indexdef) FROM pg_indexes
        WHERE schemaname IN ('config', 'hr', 'payroll', 'security')
        UNION ALL
        SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace::regnamespace::text IN ('config', 'hr', 'payroll', 'security')
        UNION ALL
        SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger AS t
        JOIN pg_class AS c ON c.oid = t.tgrelid
        WHERE NOT tgisinternal AND relnamespace::regnamespace::text IN ('config', 'hr', 'payroll', 'security')
        UNION ALL
        SELECT format('view %s.%s %s', schemaname, viewname, definition) FROM pg_views
        WHERE schemaname IN ('config', 'hr', 'payroll', 'security')
        UNION ALL
        SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc
        WHERE pronamespace::regnamespace::text IN ('config', 'hr', 'payroll', 'security')
        UNION ALL
        SELECT format('comment %s %s', objoid::regclass, description) FROM pg_description
        JOIN pg_class ON pg_class.oid = objoid
        WHERE classoid = 'pg_class'::regclass AND relnamespace::regnamespace::text IN ('payroll')
    ) AS lines";

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
            let set = &job.down.as_ref().expect("the example's job goes down")[0];
            let statement = format!("UPDATE {} SET {} = {}", job.table, set.column, set.expression);
            database.execute(&statement).await;
        }
    }
}

#[tokio::test]
async fn every_revision_of_the_example_goes_up_down_and_up_to_the_same_catalog() {
    let database = Database::empty().await;
    let manifest = Manifest::load(&["jobs"]).unwrap();
    let order = manifest.graph.order();
    assert_eq!(order.len(), 4);
    let mut before = Vec::new();
    for id in &order {
        before.push(database.value::<String>(CATALOG).await);
        up(&database, manifest.revision(id).unwrap()).await;
    }
    let whole: String = database.value(CATALOG).await;
    for (id, before) in order.iter().zip(&before).rev() {
        down(&database, manifest.revision(id).unwrap()).await;
        assert_eq!(database.value::<String>(CATALOG).await, *before, "down of {id}");
    }
    for id in &order {
        up(&database, manifest.revision(id).unwrap()).await;
    }
    assert_eq!(database.value::<String>(CATALOG).await, whole);
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
