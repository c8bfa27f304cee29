//! `longhaul serve`: the status page, and the alerts of what it shows.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::{exit, signals};
use crate::config::{Network, PageSettings};
use crate::engine::StopLevel;
use crate::observe::metrics::ProcessMetrics;
use crate::web::{Page, PageOptions};

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8765]
    ///
    /// Elsewhere than on a loopback address only with a token or behind a proxy.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Nothing can be changed by it
    #[arg(long)]
    read_only: bool,
    /// The file of the token that visitors must know [env: `LONGHAUL_PAGE_TOKEN` has the token itself]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The header in which a proxy names whom it has let in
    #[arg(long, value_name = "NAME")]
    trust_header: Option<String>,
    /// An address, or a network like 10.0.0.0/8, whose proxies are believed; can be repeated
    #[arg(long, value_name = "ADDRESS")]
    trust_proxy: Vec<Network>,
    /// A name under which browsers reach the page, beside localhost and addresses; can be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
}

pub(crate) async fn serve(args: &ServeArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let mut page = context.settings.page.clone();
    page.listen = args.listen.or(page.listen);
    page.read_only |= args.read_only;
    page.token_file = args.token_file.clone().or(page.token_file.take());
    page.trust_header = args.trust_header.clone().or(page.trust_header.take());
    if !args.trust_proxy.is_empty() {
        page.trust_proxy.clone_from(&args.trust_proxy);
    }
    page.hosts.extend(args.host.iter().cloned());
    let page = open(page, None, context)?;
    let stop = signals::listen_for_the_end()?;
    let terminal = context.printer.lines(context.clock);
    let alerts = context.alerts(&context.connector()?, context.observer(terminal));
    let served = tokio::select! {
        served = page.serve() => served.map_err(Failure::from),
        () = stop.reached(StopLevel::AfterBatch) => Ok(()),
    };
    context.finish(alerts, served).await?;
    Ok(exit::DONE)
}

/// A page beside other work, on a thread of its own.
///
/// Returns whoever is to be told what this process does, so that /metrics can tell it.
pub(crate) fn beside(listen: SocketAddr, context: &Context<'_>) -> Result<Arc<ProcessMetrics>, Failure> {
    let page = PageSettings { listen: Some(listen), ..context.settings.page.clone() };
    let metrics =
        ProcessMetrics::new(context.clock).map_err(|error| Failure::from_error(exit::FAILED, &error))?;
    let metrics = Arc::new(metrics);
    open(page, Some(metrics.clone()), context)?.spawn()?;
    Ok(metrics)
}

/// Listens, and says where.
fn open(
    page: PageSettings,
    process: Option<Arc<ProcessMetrics>>,
    context: &Context<'_>,
) -> Result<Page, Failure> {
    let page = Page::bind(PageOptions {
        page,
        token: context.environment.get("LONGHAUL_PAGE_TOKEN").map(str::to_owned),
        settings: context.settings.clone(),
        connector: context.connector()?,
        store: context.store.clone(),
        identity: context.identity.clone(),
        clock: context.clock.clone(),
        process,
    })?;
    if context.printer.json {
        context.printer.data(&json!({ "page": page.url() }).to_string());
    }
    context.printer.say(&format!("the page is at {}", page.url()));
    if let Some(warning) = page.warning() {
        context.printer.say(&format!("warning: {warning}"));
    }
    Ok(page)
}
