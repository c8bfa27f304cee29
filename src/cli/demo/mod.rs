//! `longhaul demo`: the main job on a private server, told as it happens.
//!
//! It runs this very program as a person would, one command after the other, and kills one of them with `kill -9` in
//! the middle. Beside it, writers change the table all the time and keep a ledger of what they did, so that the sum
//! at the end can be told to the cent from outside.

mod example;
mod story;
mod writers;

use std::sync::Arc;

use clap::Args;
use tokio::sync::Notify;

use super::exit;
use super::failure::Failure;
use super::postgres;
use super::printer::Printer;
use crate::clock::Clock;
use crate::pg::local::{Durability, LocalServerOptions};
use story::Story;

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Pay entries to begin with
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(10_000..=100_000_000))]
    rows: u32,
    /// PostgreSQL's major version, 14 to 18 [default: what is on the machine]
    #[arg(long, value_name = "N", env = "LONGHAUL_PG_VERSION")]
    pg_version: Option<u16>,
    /// Leave the server up at the end, until Ctrl-C, to look around
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn demo(args: &DemoArgs, clock: &Clock, printer: &Printer) -> Result<u8, Failure> {
    let interrupted = Arc::new(Notify::new());
    let signal = interrupted.clone();
    ctrlc::set_handler(move || signal.notify_one())
        .map_err(|error| Failure::new(exit::FAILED, "can't listen for signals").because(&error))?;
    let started = clock.monotonic();
    printer.headline("A private PostgreSQL server");
    let options = LocalServerOptions {
        version: args.pg_version,
        durability: Durability::Durable,
        settings: [("shared_buffers", "256MB"), ("max_wal_size", "4GB")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    // Dropped at the end of this function, however it is left: that stops the server and removes its directory.
    let server = tokio::select! {
        server = postgres::start(&options, clock, printer) => server?,
        () = interrupted.notified() => return Ok(exit::INTERRUPTED),
    };
    let directory = example::unpack()?;
    let story = Story {
        clock,
        printer,
        server: &server,
        directory: directory.path(),
        rows: args.rows,
        keep: args.keep,
    };
    let code = tokio::select! {
        told = story.tell(started) => told?,
        () = interrupted.notified() => {
            printer.say("\ninterrupted: stopping the server and removing it");
            exit::INTERRUPTED
        }
    };
    if args.keep && code == exit::DONE {
        story.look_around();
        interrupted.notified().await;
    }
    server.stop().await?;
    Ok(code)
}
