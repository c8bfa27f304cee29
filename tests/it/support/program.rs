//! A program that stands beside a private server: run by whoever the server runs as, and gone with the test.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// A running program. The kernel sends it `at_end` when the thread that started it ends, however that ends; dropped, it
/// gets that at once.
pub(super) struct Program {
    child: Child,
    at_end: Signal,
}

/// `path` with these arguments, run by the owner of `directory`.
pub(super) fn command(directory: &Path, path: &Path, at_end: Signal) -> Command {
    let owner = std::fs::metadata(directory).unwrap();
    let mut command = Command::new("setpriv");
    if !is_own(&owner) {
        command
            .arg(format!("--reuid={}", owner.uid()))
            .arg(format!("--regid={}", owner.gid()))
            .arg("--clear-groups");
    }
    command.arg("--pdeathsig").arg(name(at_end)).arg("--").arg(path);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").current_dir("/").stdin(std::process::Stdio::null());
    command
}

/// Gives what root made to the owner of `directory`.
pub(super) fn give(path: &Path, directory: &Path) {
    let owner = std::fs::metadata(directory).unwrap();
    if !is_own(&owner) {
        std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

/// Sends a signal to a process of the server's.
pub(crate) fn signal(process_id: i32, signal: Signal) {
    kill_process(Pid::from_raw(process_id).unwrap(), signal).unwrap();
}

/// A port of the loopback address that nobody had a moment ago.
pub(super) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl Program {
    /// Starts it; what it says goes into the file `log`.
    pub(super) fn start(mut command: Command, log: &Path, at_end: Signal) -> Self {
        let log = std::fs::File::create(log).unwrap();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self { child, at_end }
    }

    /// Whether it is still there.
    pub(super) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(super) fn signal(&self, signal: Signal) {
        // None: it has ended.
        if let Some(id) = self.child.id() {
            let _ = kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), signal);
        }
    }

    /// Asks it to end and waits until it has.
    pub(super) async fn stop(mut self) {
        self.signal(self.at_end);
        let ended = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await;
        ended.expect("it ends within a minute").unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(self.at_end);
    }
}

fn is_own(owner: &Metadata) -> bool {
    owner.uid() == rustix::process::geteuid().as_raw()
}

/// What is in a file, for a panic.
pub(super) fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// As `setpriv` wants it.
fn name(signal: Signal) -> &'static str {
    if signal == Signal::QUIT { "QUIT" } else { "TERM" }
}
