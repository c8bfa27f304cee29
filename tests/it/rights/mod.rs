//! Roles with just the rights that `scripts/grants.sql` grants, and whose objects our SQL means.

mod hostile;
mod names;
mod roles;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::{Database, Outcome, Primary, Project};

const GRANTS: &str = include_str!("../../../scripts/grants.sql");

/// Roles of a server of their own, and a project.
struct Staff {
    server: Primary,
    project: Project,
    migrator: &'static str,
    runner: &'static str,
    operator: &'static str,
    reader: &'static str,
}

impl Staff {
    /// With these names: the migrator, the runner, the operator and the reader.
    async fn new([migrator, runner, operator, reader]: [&'static str; 4]) -> Self {
        let server = Primary::start(&[]).await;
        let database = server.database().await;
        for role in [migrator, runner, operator, reader] {
            let quoted = role.replace('"', "\"\"");
            database.execute(&format!("CREATE ROLE \"{quoted}\" LOGIN PASSWORD 'a:b'")).await;
        }
        database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
        Self { server, project: Project::new(database), migrator, runner, operator, reader }
    }

    fn database(&self) -> &Database {
        &self.project.database
    }

    /// Runs the file for these tables.
    async fn grant(&self, tables: &str) {
        let variables = [
            ("migrator", self.migrator),
            ("runner", self.runner),
            ("operator", self.operator),
            ("reader", self.reader),
            ("tables", tables),
        ];
        self.server.psql(self.database(), GRANTS, &variables).await;
    }

    fn url(&self, role: &str) -> String {
        let place = self.database().url.rsplit_once('@').unwrap().1;
        format!("postgresql://{}:a%3Ab@{place}", utf8_percent_encode(role, NON_ALPHANUMERIC))
    }

    /// Runs the program as this role.
    async fn longhaul(&self, role: &str, arguments: &[&str]) -> Outcome {
        let url = self.url(role);
        self.project.longhaul(&[arguments, &["--database-url", &url]].concat()).await
    }
}
