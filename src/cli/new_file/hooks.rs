//! The hooks of `[new_files]`, run on a file that was just written.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::context::Context;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::config::may_tell_password;

/// Runs them one after the other, up to the first that fails. The file stays, whatever happens.
pub(super) fn run(context: &Context<'_>, file: &Path) -> Result<(), Failure> {
    let password = context.settings.target.as_ref().and_then(|target| target.config().get_password());
    for hook in &context.settings.new_files.hooks {
        let words: Vec<String> =
            hook.iter().map(|word| word.replace("{file}", &file.display().to_string())).collect();
        let [program, arguments @ ..] = words.as_slice() else { continue };
        let shown = words.join(" ");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        for (name, value) in std::env::vars_os() {
            if password == Some(value.as_encoded_bytes())
                || may_tell_password(&name.to_string_lossy(), &value.to_string_lossy())
            {
                command.env_remove(name);
            }
        }
        let hint = || Some(format!("{} is written; mend the hook, or run it by hand", file.display()));
        let output = command.output().map_err(|error| {
            Failure::new(exit::FAILED, format!("the hook `{shown}` can't be started"))
                .because(&error)
                .hint(hint())
        })?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim_end().to_owned();
        if !output.status.success() {
            let failure = Failure::new(exit::FAILED, format!("the hook `{shown}` failed: {}", output.status));
            return Err(failure.detail(Some(said).filter(|said| !said.is_empty())).hint(hint()));
        }
        if context.printer.is_verbose() && !said.is_empty() {
            context.printer.say(&said);
        }
    }
    Ok(())
}
