//! What a revision makes without naming a schema never lands in the control schema.

use super::INVOICE;
use crate::support::{Database, Project};

/// Makes the schema first in the `search_path` of the tests' role, in this database.
async fn first(database: &Database, schema: &str) {
    let statement = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = {schema}, public', current_database()); END $$"
    );
    database.execute(&statement).await;
}

#[tokio::test]
async fn a_search_path_that_begins_with_the_control_schema_is_refused_before_anything_is_made() {
    let project = Project::new(Database::empty().await);
    project.write("1_invoice.sql", INVOICE);
    for path in ["longhaul", "\"longhaul\"", "nowhere, \"$user\", longhaul"] {
        first(&project.database, path).await;
        for command in [&["upgrade"][..], &["stamp", "head"]] {
            project
                .longhaul(command)
                .await
                .ended_with(1)
                .says("the control schema `longhaul` comes first in the search_path of the role admin")
                .says("hint: ALTER ROLE \"admin\" SET search_path = public");
        }
        assert!(project.database.value::<bool>("SELECT to_regnamespace('longhaul') IS NULL").await, "{path}");
    }
    first(&project.database, "public, longhaul").await;
    project.longhaul(&["upgrade"]).await.succeeded();
    assert!(project.database.value::<bool>("SELECT to_regclass('public.invoice') IS NOT NULL").await);
}

#[tokio::test]
async fn a_role_that_is_named_like_the_control_schema_is_refused() {
    let project = Project::new(Database::empty().await);
    project.write("1_invoice.sql", INVOICE).configure("schema = \"admin\"");
    project.longhaul(&["upgrade"]).await.ended_with(1).says("the control schema `admin` comes first");
    // Nor does it when it was made while another role, or another path, was in use.
    project.configure("schema = \"ledger\"").longhaul(&["upgrade"]).await.succeeded();
    first(&project.database, "ledger").await;
    project
        .longhaul(&["downgrade", "base"])
        .await
        .ended_with(1)
        .says("the control schema `ledger` comes first");
    assert!(project.database.value::<bool>("SELECT to_regclass('public.invoice') IS NOT NULL").await);
}
