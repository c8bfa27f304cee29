//! Roles that may not do what the job needs.

use insta::assert_snapshot;

use super::{entries, parts, said, untouched};
use crate::support::Project;

const JOB: &str = "[job]\ntable = \"payroll.entries\"\nset = { gross_amount = \"gross_pay\" }\n";

/// Runs the job as a new role with these rights, which must not do. `ROLE` stands for its name.
async fn refused_as_role(project: &Project, rights: &str) -> String {
    let (_, place) = parts(&project.database.url);
    let role = format!("clerk_of_{}", place.rsplit_once('/').unwrap().1);
    project.database.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'a:b'")).await;
    project.database.execute(&rights.replace("ROLE", &role)).await;
    project.write("fill.toml", JOB);
    let url = format!("postgresql://{role}:a%3Ab@{place}");
    let outcome = project.longhaul(&["run", "fill", "--database-url", &url]).await.ended_with(2);
    assert!(untouched(&project.database).await);
    let text = said(project, &outcome).replace("clerk_of_DATABASE", "ROLE");
    project.database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    text
}

#[tokio::test]
async fn a_role_that_lacks_a_right_is_told_which() {
    let project = entries().await;
    assert_snapshot!(refused_as_role(&project, "SELECT").await, @"
    error: jobs/fill.toml: [job] table: the role `ROLE` can't see `payroll.entries`: permission denied for schema payroll
    hint: GRANT USAGE ON SCHEMA payroll TO ROLE
    ");
    assert_snapshot!(refused_as_role(&project, "GRANT USAGE ON SCHEMA payroll TO ROLE").await, @"
    error: jobs/fill.toml: [job] set.gross_amount: the role `ROLE` may not update `gross_amount`
    hint: GRANT SELECT, UPDATE ON payroll.entries TO ROLE
    ");
    assert_snapshot!(
        refused_as_role(
            &project,
            "GRANT USAGE ON SCHEMA payroll TO ROLE; GRANT SELECT ON payroll.entries TO ROLE"
        )
        .await,
        @"
    error: jobs/fill.toml: [job] set.gross_amount: the role `ROLE` may not update `gross_amount`
    hint: GRANT SELECT, UPDATE ON payroll.entries TO ROLE
    "
    );
    assert_snapshot!(
        refused_as_role(
            &project,
            "GRANT USAGE ON SCHEMA payroll TO ROLE; GRANT UPDATE ON payroll.entries TO ROLE"
        )
        .await,
        @"
    error: jobs/fill.toml: [job] table: the role `ROLE` may not read `payroll.entries`
    hint: GRANT SELECT, UPDATE ON payroll.entries TO ROLE
    "
    );
    assert_snapshot!(
        refused_as_role(
            &project,
            "GRANT USAGE ON SCHEMA payroll TO ROLE; GRANT SELECT, UPDATE ON payroll.entries TO ROLE"
        )
        .await,
        @"
    error: jobs/fill.toml: the control schema: there is no schema longhaul, and the role `ROLE` may not make it
    hint: GRANT CREATE ON DATABASE DATABASE TO ROLE; or let another role make it, and scripts/grants.sql grant the rights on it
    "
    );
}

#[tokio::test]
async fn row_security_that_hides_rows_is_refused() {
    let project = entries().await;
    let rights = "ALTER TABLE payroll.entries ENABLE ROW LEVEL SECURITY; \
                  CREATE POLICY half ON payroll.entries USING (id % 2 = 0); \
                  GRANT USAGE ON SCHEMA payroll TO ROLE; GRANT SELECT, UPDATE ON payroll.entries TO ROLE";
    assert_snapshot!(refused_as_role(&project, rights).await, @"
    error: jobs/fill.toml: [job] table: row security on `payroll.entries` hides rows from this role: they would be left out unseen
    hint: connect as the table's owner, or as a role with BYPASSRLS
    ");
}
