//! The shell that watches over the server, and the pipe by which it knows that its owner is alive.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};

use super::account::ServerAccount;
use super::{Installation, LocalError, SUPERUSER};

const SCRIPT: &str = include_str!("supervise.sh");

/// A running `supervise.sh`. Dropped, it waits until the server is stopped and its directory removed.
#[derive(Debug)]
pub(super) struct Supervisor {
    /// The standard library opens it close-on-exec, so that no other child of this process holds it open.
    lifeline: Option<ChildStdin>,
    shell: Child,
}

impl Supervisor {
    /// Starts the shell and, through it, the server.
    pub(super) fn spawn(
        account: &ServerAccount,
        installation: &Installation,
        directory: &Path,
    ) -> Result<Self, LocalError> {
        let mut shell = account
            .command("/bin/sh")
            .args(["-c", SCRIPT, "longhaul-postgres-supervisor"])
            .arg(directory)
            .arg(&installation.bin_dir)
            .arg(installation.library_dir.as_deref().unwrap_or(Path::new("")))
            .arg(SUPERUSER)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in the terminal goes to the terminal's group: to this process, which then stops the server.
            .process_group(0)
            .spawn()
            .map_err(|source| LocalError::Program { program: "/bin/sh".to_owned(), source })?;
        Ok(Self { lifeline: shell.stdin.take(), shell })
    }

    /// Lets the server go and waits until it is gone, at most some 10 seconds. Doing it again does nothing.
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        drop(self.lifeline.take());
        self.shell.wait()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.end();
    }
}
