//! What a scrape gets: the figures of this process and those of its database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::ProcessMetrics;
use super::database;
use super::text::Families;
use crate::clock::Clock;
use crate::config::Settings;
use crate::pg::Connector;
use crate::store::Store;

/// A scraper has given up after ten seconds, by default.
const PATIENCE: Duration = Duration::from_secs(8);

/// Answers scrapes. Cheap to clone, and safe to ask from several tasks at once: the database is read by one at a time.
#[derive(Clone)]
pub struct Exporter {
    clock: Clock,
    connector: Connector,
    store: Store,
    settings: Arc<Settings>,
    process: Option<Arc<ProcessMetrics>>,
    latest: Arc<Mutex<Option<Reading>>>,
}

/// What was read of the database.
#[derive(Clone)]
struct Reading {
    /// When it began.
    began: Instant,
    /// `None`: it could not be read.
    text: Option<String>,
}

impl Exporter {
    /// The media type of the text.
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// With the figures of this process, where it does any work.
    #[must_use]
    pub fn new(
        clock: &Clock,
        connector: &Connector,
        settings: &Settings,
        process: Option<Arc<ProcessMetrics>>,
    ) -> Self {
        let store = Store::new(&settings.schema);
        Self {
            clock: clock.clone(),
            connector: connector.clone(),
            store,
            settings: Arc::new(settings.clone()),
            process,
            latest: Arc::default(),
        }
    }

    /// All figures in the text format. A database that can't be read within 8 s, or at all, is one of them.
    pub async fn exposition(&self) -> String {
        let database = self.database_figures().await;
        let process = self.process.as_ref().map(|process| process.render()).unwrap_or_default();
        format!("{database}{process}")
    }

    async fn database_figures(&self) -> String {
        let asked = self.clock.monotonic();
        let this = self.clone();
        // A task of its own: whoever goes away while it reads makes no room for another at the same time.
        let reading = tokio::spawn(async move { this.reading(asked).await });
        let text = tokio::select! {
            reading = reading => reading.ok().flatten(),
            () = self.clock.sleep(PATIENCE) => None,
        };
        let mut all = Families::default();
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        all.add("longhaul_build_info", "The version of longhaul, in a label.", version, 1.0);
        let up = if text.is_some() { 1.0 } else { 0.0 };
        all.add(
            "longhaul_database_up",
            "1 where the database could be read for this scrape.",
            Vec::new(),
            up,
        );
        format!("{}{}", all.render(), text.unwrap_or_default())
    }

    /// A reading that began after it was asked for: an own one, or that of another scrape that waited as well.
    async fn reading(&self, asked: Instant) -> Option<String> {
        let mut latest = self.latest.lock().await;
        if let Some(reading) = latest.as_ref().filter(|reading| reading.began >= asked) {
            return reading.text.clone();
        }
        let began = self.clock.monotonic();
        let text = tokio::select! {
            read = database::read(&self.connector, &self.store, &self.settings) => {
                read.ok().map(|families| families.render())
            }
            () = self.clock.sleep(PATIENCE) => None,
        };
        *latest = Some(Reading { began, text: text.clone() });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Overrides};

    #[tokio::test]
    async fn scrapes_at_the_same_time_read_once() {
        let database = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = database.local_addr().unwrap();
        let variables = [("DATABASE_URL", format!("postgresql://ann@{address}/hrms?sslmode=disable"))];
        let environment =
            Environment::from(variables.each_ref().map(|(name, value)| (*name, value.as_str())));
        let settings = Settings::load(&Overrides::default(), &environment).unwrap();
        let connector = Connector::new(settings.target().unwrap().clone(), settings.connect_timeout);
        let exporter = Exporter::new(&Clock::system(), &connector, &settings, None);
        let scrapes = (0..20).map(|_| {
            let exporter = exporter.clone();
            tokio::spawn(async move { exporter.exposition().await })
        });
        let scrapes = tokio::spawn(futures_util::future::join_all(scrapes.collect::<Vec<_>>()));
        let mut connections = 0;
        while !scrapes.is_finished() {
            tokio::select! {
                biased;
                // It is gone at once, as if the server had died.
                accepted = database.accept() => {
                    drop(accepted.unwrap());
                    connections += 1;
                }
                () = tokio::task::yield_now() => {}
            }
        }
        assert!((1..=2).contains(&connections), "{connections} connections");
    }
}
