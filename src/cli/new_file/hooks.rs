//! The hooks of `[new_files]`, run on a file that was just written.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::context::Context;
use crate::cli::exit;
use crate::cli::failure::Failure;

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

/// Whether a variable may have a database's password in it: by its name, or as a URL with a password.
fn may_tell_password(name: &str, value: &str) -> bool {
    let named = ["PASSWORD", "DATABASE_URL", "DATABASE_URI"].iter().any(|word| name.contains(word));
    let authority =
        value.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    let address = authority.and_then(|authority| authority.rsplit_once('@'));
    named || address.is_some_and(|(user, _)| user.contains(':')) || value.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_with_a_password_is_known_by_its_name_or_by_its_value() {
        assert!(may_tell_password("PGPASSWORD", "x"));
        assert!(may_tell_password("DATABASE_URL", "postgres://h/d"));
        assert!(may_tell_password("PAYROLL_PROD_URL", "postgresql://payroll:secret@h:5432/d"));
        assert!(may_tell_password("DSN", "host=h password=secret"));
        assert!(!may_tell_password("PATH", "/usr/bin:/bin"));
        assert!(!may_tell_password("PROXY", "http://proxy:3128/a@b"));
    }
}
