//! The editor of `revision --edit` and `edit`.

use std::path::Path;
use std::process::Command;

use crate::cli::context::Context;
use crate::cli::exit;
use crate::cli::failure::Failure;

/// The person's editor: a program, perhaps with arguments.
pub(crate) struct Editor {
    command: String,
}

impl Editor {
    /// From `VISUAL` or `EDITOR`.
    pub(crate) fn find(context: &Context<'_>) -> Result<Self, Failure> {
        let command = ["VISUAL", "EDITOR"].into_iter().find_map(|name| context.environment.get(name));
        let command = command.filter(|command| !command.trim().is_empty()).ok_or_else(|| {
            let hint = "set VISUAL or EDITOR, for example to `vim` or `code --wait`";
            Failure::new(exit::USAGE, "no editor is set").hint(Some(hint.to_owned()))
        })?;
        Ok(Self { command: command.to_owned() })
    }

    /// Opens the file and waits until the editor ends.
    pub(crate) fn open(&self, file: &Path) -> Result<(), Failure> {
        let mut words = self.command.split_whitespace();
        let program = words.next().unwrap_or_default();
        let status = Command::new(program).args(words).arg(file).status().map_err(|error| {
            let failure = Failure::new(exit::FAILED, format!("can't start the editor `{}`", self.command));
            failure.because(&error)
        })?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(exit::FAILED, format!("the editor `{}` failed: {status}", self.command)))
    }
}
