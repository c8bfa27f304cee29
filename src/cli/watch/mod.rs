//! `longhaul status --watch`: on a terminal a live view with keys, elsewhere what has changed.

mod changes;
mod screen;
mod view;

use std::io::IsTerminal;
use std::time::Duration;

use super::context::Context;
use super::failure::Failure;

/// How often to look, whatever is notified.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Shows all runs, or those of one job, until it is ended.
pub(super) async fn watch(job: Option<&str>, context: &Context<'_>) -> Result<u8, Failure> {
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if terminal && !context.printer.json && context.printer.moves() {
        view::view(job, context).await
    } else {
        changes::changes(job, context).await
    }
}
