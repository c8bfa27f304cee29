//! Where output goes: data to stdout, talk and errors to stderr.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use clap::ColorChoice;
use serde_json::json;

use super::args::Global;
use super::failure::Failure;
use crate::clock::Clock;
use crate::config::LogFormat;
use crate::observe::{Show, Talk, Terminal, logs};

/// Writes to stdout and stderr. A closed pipe ends the writing, not the work.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Printer {
    pub(crate) json: bool,
    bars: bool,
    /// The terminal can move its cursor.
    moves: bool,
    talk: Talk,
    color: bool,
    /// What shows progress, once a command has begun that has some: nothing may be printed across it.
    terminal: OnceLock<Arc<Terminal>>,
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
        let moves = std::env::var("TERM").is_ok_and(|name| !name.is_empty() && name != "dumb");
        let bars = terminal && moves && !global.no_progress;
        Self { json: global.json, bars, moves, talk, color, terminal: OnceLock::new(), log: OnceLock::new() }
    }

    /// What shows progress, from now on: bars on a terminal, lines elsewhere, lines of JSON with `--json`.
    pub(crate) fn terminal(&self, clock: &Clock) -> Arc<Terminal> {
        let show = match (self.json, self.bars) {
            (true, _) => Show::Json,
            (false, true) => Show::Bars { color: self.color },
            (false, false) => Show::Lines,
        };
        self.terminal.get_or_init(|| Arc::new(Terminal::new(clock, self.talk(), show))).clone()
    }

    /// For what is over in a moment: lines, whatever the terminal.
    pub(crate) fn lines(&self, clock: &Clock) -> Arc<Terminal> {
        Arc::new(Terminal::new(clock, self.talk(), Show::Lines))
    }

    /// Whether colours are wanted, and can be shown.
    pub(crate) fn color(&self) -> bool {
        self.color
    }

    /// Whether the terminal, where there is one, can move its cursor.
    pub(crate) fn moves(&self) -> bool {
        self.moves
    }

    /// Data, where it matters whether anybody still reads it.
    #[expect(clippy::unused_self, reason = "one printer for both streams, whatever the flags")]
    pub(crate) fn try_data(&self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// Progress is over: what is printed from now on stands by itself.
    pub(crate) fn end(&self) {
        if let Some(terminal) = self.terminal.get() {
            terminal.end();
        }
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
    pub(crate) fn data(&self, text: &str) {
        let print = || {
            let _ = writeln!(std::io::stdout(), "{text}");
        };
        match self.terminal.get() {
            Some(terminal) => terminal.above(print),
            None => print(),
        }
    }

    /// Talk: to stderr, unless quiet.
    pub(crate) fn say(&self, text: &str) {
        match self.terminal.get() {
            _ if self.talk() == Talk::Quiet => {}
            Some(terminal) => terminal.say(text),
            None => {
                let _ = writeln!(std::io::stderr(), "{text}");
            }
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
        if let Some(terminal) = self.terminal.get() {
            terminal.leave(None);
        }
        if let Some(terminal) = self.terminal.get().filter(|terminal| terminal.show() == Show::Json) {
            let error = json!({
                "error": failure.message,
                "because": failure.causes,
                "details": failure.details,
                "hint": failure.hint,
            });
            return terminal.object("error", error);
        }
        let mut lines = vec![format!("{}: {}", self.paint("1;31", "error"), failure.message)];
        lines.extend(failure.causes.iter().map(|cause| format!("  because: {cause}")));
        lines.extend(failure.details.iter().cloned());
        lines.extend(failure.hint.iter().map(|hint| format!("{}: {hint}", self.paint("1;36", "hint"))));
        let text = lines.join("\n");
        let print = || {
            let _ = writeln!(std::io::stderr(), "{text}");
        };
        match self.terminal.get() {
            Some(terminal) => terminal.above(print),
            None => print(),
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
