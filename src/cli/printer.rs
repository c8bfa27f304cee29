//! Where output goes: data to stdout, talk and errors to stderr.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use clap::ColorChoice;

use super::args::Global;
use super::failure::Failure;
use crate::config::LogFormat;
use crate::observe::{Talk, logs};

/// Writes to stdout and stderr. A closed pipe ends the writing, not the work.
pub(crate) struct Printer {
    pub(crate) json: bool,
    pub(crate) bars: bool,
    talk: Talk,
    color: bool,
    /// The log is on stderr, and has the place of the talk.
    log: OnceLock<LogFormat>,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let talk = match (global.quiet, global.verbose) {
            (true, _) => Talk::Quiet,
            (false, true) => Talk::Verbose,
            (false, false) => Talk::Normal,
        };
        let color = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self { json: global.json, bars: terminal && !global.no_progress, talk, color, log: OnceLock::new() }
    }

    pub(crate) fn talk(&self) -> Talk {
        if self.log.get().is_some() { Talk::Quiet } else { self.talk }
    }

    /// From now on the log says on stderr what is to be said.
    pub(crate) fn leave_to_log(&self, format: LogFormat) {
        // Called once by a process.
        let _ = self.log.set(format);
    }

    /// Whether stdout is a terminal that shows more than ASCII.
    #[expect(clippy::unused_self, reason = "what the streams can do is asked of the printer")]
    pub(crate) fn draws_boxes(&self) -> bool {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_lowercase();
        std::io::stdout().is_terminal() && (locale.contains("utf-8") || locale.contains("utf8"))
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.talk == Talk::Verbose
    }

    /// Data: to stdout.
    #[expect(clippy::unused_self, reason = "one printer for both streams, whatever the flags")]
    pub(crate) fn data(&self, text: &str) {
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Talk: to stderr, unless quiet.
    pub(crate) fn say(&self, text: &str) {
        if self.talk() != Talk::Quiet {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A headline in the talk.
    pub(crate) fn headline(&self, text: &str) {
        self.say(&self.paint("1", text));
    }

    /// An error, always.
    pub(crate) fn failure(&self, failure: &Failure) {
        logs::failed(failure.code, failure.logged(), failure.hint.as_deref());
        if self.log.get() == Some(&LogFormat::Json) {
            return;
        }
        let mut lines = vec![format!("{}: {}", self.paint("1;31", "error"), failure.message)];
        lines.extend(failure.causes.iter().map(|cause| format!("  because: {cause}")));
        lines.extend(failure.details.iter().cloned());
        lines.extend(failure.hint.iter().map(|hint| format!("{}: {hint}", self.paint("1;36", "hint"))));
        let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
