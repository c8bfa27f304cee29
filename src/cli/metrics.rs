//! `longhaul metrics`: what a scrape gets of the database, once.

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::observe::metrics::Exporter;

pub(crate) async fn metrics(context: &Context<'_>) -> Result<u8, Failure> {
    let exporter = Exporter::new(context.clock, &context.connector()?, &context.settings, None);
    context.printer.data(exporter.exposition().await.trim_end());
    Ok(exit::DONE)
}
