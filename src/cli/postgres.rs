//! `longhaul postgres`: a private PostgreSQL server, for as long as a command or the terminal needs it.
//!
//! For trying things out and for scripts. Whatever ends this process ends the server with it (see [`pg::local`]).
//!
//! [`pg::local`]: crate::pg::local

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::exit;
use super::failure::Failure;
use super::printer::Printer;
use crate::clock::Clock;
use crate::pg::local::{
    DEFAULT_MAJOR, Durability, Installation, LocalError, LocalServer, LocalServerOptions,
};

/// The database that a new server has.
pub(super) const DATABASE: &str = "postgres";

/// How long a command has to end by itself once a stop is asked for. Ctrl-C reaches it directly; this is for a signal
/// that was sent to this process only.
const GRACE: Duration = Duration::from_secs(10);

#[derive(clap::Args, Debug)]
pub(crate) struct PostgresArgs {
    /// Major version, 14 to 18 [default: the newest on this machine, else 18 is fetched]
    #[arg(long, value_name = "MAJOR", env = "LONGHAUL_PG_VERSION")]
    version: Option<u16>,
    /// A setting as in postgresql.conf, such as `work_mem=64MB`; can be repeated
    #[arg(long = "setting", value_name = "NAME=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,
    /// Run this with `DATABASE_URL` and `PG*` set, and end with its exit code; else wait for Ctrl-C
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Returns the exit code: that of COMMAND, or 128 and the number of the signal that ended it; without COMMAND, [`exit::DONE`].
pub(crate) async fn postgres(args: &PostgresArgs, clock: &Clock, printer: &Printer) -> Result<u8, Failure> {
    let stop = stop_at_a_signal()?;
    let options = LocalServerOptions {
        version: args.version,
        durability: Durability::Durable,
        settings: args.settings.clone(),
    };
    let server = tokio::select! {
        server = start(&options, clock, printer) => server?,
        () = stop.cancelled() => return Ok(exit::INTERRUPTED),
    };
    let outcome = if let Some((program, arguments)) = args.command.split_first() {
        wait_for(command(&server, program, arguments), clock, &stop).await.map_err(|source| {
            Failure::new(exit::FAILED, format!("can't run `{}`", program.display())).because(&source)
        })
    } else {
        introduce(&server, printer);
        stop.cancelled().await;
        Ok(exit::DONE)
    };
    server.stop().await?;
    outcome
}

/// A token that SIGINT, SIGTERM and SIGHUP cancel.
fn stop_at_a_signal() -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    ctrlc::set_handler(move || stopper.cancel())
        .map_err(|error| Failure::new(exit::FAILED, "can't listen for signals").because(&error))?;
    Ok(stop)
}

/// Starts a server, and says so when its programs have to be fetched first.
pub(super) async fn start(
    options: &LocalServerOptions,
    clock: &Clock,
    printer: &Printer,
) -> Result<LocalServer, LocalError> {
    let installation = if let Some(found) = Installation::find(options.version).await? {
        found
    } else {
        let major = options.version.unwrap_or(DEFAULT_MAJOR);
        printer.say(&format!("fetching PostgreSQL {major} (some 12 MB, kept for the next time)"));
        Installation::fetch(options.version).await?
    };
    LocalServer::start_with(clock, &installation, options).await
}

fn introduce(server: &LocalServer, printer: &Printer) {
    let url = server.url(DATABASE);
    let psql = server.bin_dir().join("psql");
    printer.say(&format!("PostgreSQL {} on 127.0.0.1:{}, until Ctrl-C", server.version(), server.port()));
    printer.say(&format!("connect with: {} '{url}'", psql.display()));
    printer.data(&url);
}

fn command(server: &LocalServer, program: &OsString, arguments: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).envs(server.environment(DATABASE)).env("PATH", path_with_tools(server));
    command
}

async fn wait_for(mut command: Command, clock: &Clock, stop: &CancellationToken) -> io::Result<u8> {
    let mut child = command.spawn()?;
    let overdue = async {
        stop.cancelled().await;
        clock.sleep(GRACE).await;
    };
    tokio::select! {
        status = child.wait() => return status.map(exit_code),
        () = overdue => terminate(&child),
    }
    child.wait().await.map(exit_code)
}

/// The server's tools come last: they serve where the machine has no `psql` of its own.
fn path_with_tools(server: &LocalServer) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain([server.bin_dir().to_owned()]);
    std::env::join_paths(directories).unwrap_or(path)
}

fn terminate(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It fails when the command has just ended, which is what was wanted.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_name_and_a_value_that_may_contain_another_equals_sign() {
        let setting = parse_setting("search_path = a=b").unwrap();
        assert_eq!(setting, ("search_path".to_owned(), "a=b".to_owned()));
        assert!(parse_setting("work_mem").is_err());
        assert!(parse_setting("=1").is_err());
    }

    #[test]
    fn the_exit_code_is_the_commands_or_tells_its_signal() {
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(exit_code(ExitStatus::from_raw(15)), 143);
    }
}
