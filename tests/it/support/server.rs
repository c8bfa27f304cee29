//! One private server for the whole test run, and databases made from templates.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use longhaul::clock::Clock;
use longhaul::pg::local::{Durability, LocalServer, LocalServerOptions};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, NoTls, Row};

/// The address of the server without the database. The server lives on a thread of its own, which holds it until the
/// test process ends; then it stops and its files are removed.
static SERVER: LazyLock<String> = LazyLock::new(start);

/// Another, on which one test at a time is alone: whatever others do can't keep its dead rows.
static QUIET: LazyLock<String> = LazyLock::new(start);

static TURN: Mutex<()> = Mutex::const_new(());

fn start() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let settings = [("shared_buffers", "256MB"), ("max_connections", "200")];
            let options = LocalServerOptions {
                durability: Durability::Volatile,
                settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
                ..LocalServerOptions::from_environment().unwrap()
            };
            let server = LocalServer::start(&Clock::system(), &options).await.unwrap();
            sender.send(server.url("")).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("the private server starts; its error is printed above")
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database of one test's own.
pub(crate) struct Database {
    /// Its URL, as superuser.
    pub(crate) url: String,
    pub(crate) client: Client,
    /// Of a test that is alone on its server.
    turn: Option<MutexGuard<'static, ()>>,
}

impl Database {
    /// An empty one.
    pub(crate) async fn empty() -> Self {
        Self::from_template("template1").await
    }

    /// An empty one on a server where no other test is at work meanwhile.
    pub(crate) async fn alone() -> Self {
        let turn = TURN.lock().await;
        let number = DATABASES.fetch_add(1, Ordering::SeqCst);
        Self { turn: Some(turn), ..Self::on(&QUIET, &format!("test_{number}"), "template1").await }
    }

    /// Another empty one on the server of this one.
    pub(crate) async fn neighbour(&self) -> Self {
        let server = if self.turn.is_some() { &QUIET } else { &SERVER };
        let number = DATABASES.fetch_add(1, Ordering::SeqCst);
        Self::on(server, &format!("test_{number}"), "template1").await
    }

    /// The payroll example, expanded (`gross_amount` is there, empty, with its sync trigger), with 20,000 entries.
    pub(crate) async fn payroll() -> Self {
        static TEMPLATE: OnceCell<&str> = OnceCell::const_new();
        let template = TEMPLATE
            .get_or_init(|| async {
                let database = Self::named("template_payroll", "template1").await;
                let jobs = std::path::Path::new("jobs");
                super::Project::upgrade_example(&database, jobs, "90be").await;
                database.execute(&std::fs::read_to_string(jobs.join("seed/payroll.sql")).unwrap()).await;
                database.execute("CALL demo.generate_payroll(42, 20000); DROP SCHEMA demo CASCADE").await;
                super::Project::upgrade_example(&database, jobs, "3f9a").await;
                "template_payroll"
            })
            .await;
        Self::from_template(template).await
    }

    async fn from_template(template: &str) -> Self {
        let number = DATABASES.fetch_add(1, Ordering::SeqCst);
        Self::named(&format!("test_{number}"), template).await
    }

    async fn named(name: &str, template: &str) -> Self {
        Self::on(&SERVER, name, template).await
    }

    /// A new empty one on the server that this URL leads to.
    pub(crate) async fn at(maintenance: &str, name: &str) -> Self {
        connect(maintenance).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let server = maintenance.rsplit_once('/').expect("a URL has a path").0;
        let url = format!("{server}/{name}");
        Self { client: connect(&url).await, url, turn: None }
    }

    async fn on(server: &'static LazyLock<String>, name: &str, template: &str) -> Self {
        let server = tokio::task::spawn_blocking(|| (**server).clone()).await.unwrap();
        let maintenance = connect(&format!("{server}postgres")).await;
        let statement = format!("CREATE DATABASE {name} TEMPLATE {template}");
        // The template may still have a session of whoever made it.
        super::wait_for("the template is free to copy", || async {
            match maintenance.batch_execute(&statement).await {
                Ok(()) => true,
                Err(error) if error.code().is_some_and(|code| code.code() == "55006") => false,
                Err(error) => panic!("{statement}: {error:?}"),
            }
        })
        .await;
        let url = format!("{server}{name}");
        Self { client: connect(&url).await, url, turn: None }
    }

    /// The same database after its server has gone: on this server, as soon as it takes connections.
    pub(crate) async fn is_back_at(&mut self, url: &str) {
        // Until then it takes connections that it is about to end.
        super::wait_for("the server ends its sessions", || async { self.client.is_closed() }).await;
        super::wait_for("the server takes connections again", || async {
            tokio_postgres::connect(url, NoTls).await.is_ok()
        })
        .await;
        url.clone_into(&mut self.url);
        self.client = connect(url).await;
    }

    /// Its address for a role whose password is its name.
    pub(crate) fn url_of(&self, role: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("it is a URL");
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{role}:{role}@{host}")
    }

    /// Ends every session in it and drops it: there may be thousands in a long test.
    pub(crate) async fn remove(self) {
        let name: String = self.value("SELECT current_database()").await;
        let server = self.url.rsplit_once('/').expect("a URL has a path").0;
        let maintenance = connect(&format!("{server}/postgres")).await;
        maintenance.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    }

    /// Another session.
    pub(crate) async fn connect(&self) -> Client {
        connect(&self.url).await
    }

    /// Statements without parameters.
    pub(crate) async fn execute(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Waits until `condition`, in SQL, holds. One that can't be read yet doesn't.
    pub(crate) async fn until(&self, condition: &str) {
        let query = format!("SELECT {condition}");
        super::wait_for(condition, || async {
            matches!(self.client.query_one(&query, &[]).await, Ok(row) if row.get(0))
        })
        .await;
    }

    /// Waits until no session of the program's is left: what it sent before it died may still be at work.
    pub(crate) async fn sessions_are_gone(&self) {
        self.until(
            "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                         AND application_name LIKE 'longhaul%')",
        )
        .await;
    }

    /// The one value that a query returns.
    pub(crate) async fn value<T: FromSqlOwned>(&self, sql: &str) -> T {
        self.row(sql, &[]).await.get(0)
    }

    /// The one row that a query returns.
    pub(crate) async fn row(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Row {
        self.client.query_one(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
