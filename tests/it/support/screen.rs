//! The program on a terminal: a pseudo terminal of util-linux's `script`, and its screen as a person would see it.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use super::Project;
use super::project::PROGRAM;

/// A terminal with a shell command on it.
pub(crate) struct Screen {
    child: Child,
    keys: ChildStdin,
    parser: vt100::Parser,
    /// It was the alternate screen at some time.
    pub(crate) had_all: bool,
}

impl Screen {
    /// Runs the shell command in the project's directory on a terminal of so many rows and columns; `longhaul` is the program
    /// under test.
    pub(crate) fn run(project: &Project, (rows, columns): (u16, u16), shell: &str) -> Self {
        let script =
            format!("stty rows {rows} cols {columns}; longhaul() {{ '{PROGRAM}' \"$@\"; }}; {shell}");
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &script, "/dev/null"]);
        command.current_dir(project.directory()).env("DATABASE_URL", &project.database.url);
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env("SHELL", "/bin/bash");
        for variable in ["NO_COLOR", "LONGHAUL_ENV", "LONGHAUL_CONFIG", "COLUMNS", "LINES"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn().expect("util-linux has `script`");
        let keys = child.stdin.take().expect("it is piped");
        Self { child, keys, parser: vt100::Parser::new(rows, columns, 0), had_all: false }
    }

    /// Types this.
    pub(crate) async fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).await.unwrap();
        self.keys.flush().await.unwrap();
    }

    /// What is on the screen.
    pub(crate) fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    /// All of the screen is somebody's own.
    pub(crate) fn is_alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// Waits until this is on the screen.
    pub(crate) async fn until(&mut self, text: &str) {
        let came = tokio::time::timeout(Duration::from_secs(90), self.comes(text)).await;
        assert!(came == Ok(true), "`{text}` did not come:\n{}", self.contents());
    }

    /// Reads until this is on the screen. `false`: all has ended, and it isn't.
    async fn comes(&mut self, text: &str) -> bool {
        let mut bytes = Vec::new();
        while !self.contents().contains(text) {
            bytes.clear();
            let output = self.child.stdout.as_mut().expect("it is piped");
            if output.read_buf(&mut bytes).await.unwrap() == 0 {
                return false;
            }
            self.parser.process(&bytes);
            self.had_all |= self.is_alternate();
        }
        true
    }
}
