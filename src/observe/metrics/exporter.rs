//! What a scrape gets: the figures of this process and those of its database.

use std::sync::Arc;
use std::time::Duration;

use super::ProcessMetrics;
use super::database;
use super::text::Families;
use crate::clock::Clock;
use crate::config::Settings;
use crate::pg::Connector;
use crate::store::Store;

/// A scraper has given up after ten seconds, by default.
const PATIENCE: Duration = Duration::from_secs(8);

/// Answers scrapes. Cheap to clone, and safe to ask from several tasks at once.
#[derive(Clone)]
pub struct Exporter {
    clock: Clock,
    connector: Connector,
    store: Store,
    settings: Arc<Settings>,
    process: Option<Arc<ProcessMetrics>>,
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
        }
    }

    /// All figures in the text format. A database that can't be read within 8 s, or at all, is one of them.
    pub async fn exposition(&self) -> String {
        let database = self.database_figures().await;
        let process = self.process.as_ref().map(|process| process.render()).unwrap_or_default();
        format!("{database}{process}")
    }

    async fn database_figures(&self) -> String {
        let read = database::read(&self.connector, &self.store, &self.settings);
        let families = tokio::select! {
            read = read => read.ok(),
            () = self.clock.sleep(PATIENCE) => None,
        };
        let mut all = Families::default();
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        all.add("longhaul_build_info", "The version of longhaul, in a label.", version, 1.0);
        let up = if families.is_some() { 1.0 } else { 0.0 };
        all.add(
            "longhaul_database_up",
            "1 where the database could be read for this scrape.",
            Vec::new(),
            up,
        );
        format!("{}{}", all.render(), families.unwrap_or_default().render())
    }
}
