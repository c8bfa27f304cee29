//! A question to the person at the terminal.

use std::io::{IsTerminal, Write};

use super::args::Global;

/// Whether a person is there to be asked, and wants to be.
pub(crate) fn asks(global: &Global) -> bool {
    !global.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks, and returns whether the answer was yes.
pub(crate) fn agrees(question: &str) -> bool {
    let _ = write!(std::io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
