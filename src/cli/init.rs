//! `longhaul init [DIR]`: a new project. Nothing that is there is touched, and what fails leaves nothing behind.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::example;
use super::exit;
use super::failure::Failure;
use super::printer::Printer;

#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// Where to; it is made if it isn't there [default: the current directory]
    #[arg(value_name = "DIR")]
    project: Option<PathBuf>,
    /// With the payroll example: a schema, and the rename of a column in three revisions
    #[arg(long)]
    example: bool,
}

/// The files of every project.
const FILES: &[(&str, &str)] = &[
    (".env.example", ENV),
    ("config/development.toml", include_str!("../../config/development.toml")),
    ("config/production.toml", include_str!("../../config/production.toml")),
    ("config/reference.toml", include_str!("../../config/reference.toml")),
    ("config/staging.toml", include_str!("../../config/staging.toml")),
];

const ENV: &str = "# Copy this file to .env, which git ignores. Single quotes keep any value as it is.
DATABASE_URL='postgresql://user:password@localhost:5432/database'
";

/// Keeps the file with the password out of git.
const IGNORED: &str = "/.env";

pub(crate) fn init(args: &InitArgs, printer: &Printer) -> Result<u8, Failure> {
    let root = args.project.clone().unwrap_or_default();
    let mut files: Vec<(PathBuf, &str)> = FILES.iter().map(|(name, text)| (root.join(name), *text)).collect();
    if args.example {
        files.extend(example::FILES.iter().map(|(name, text)| (root.join("jobs").join(name), *text)));
    } else {
        // Git keeps no empty directory, and without it a fresh clone would have none.
        files.push((root.join("jobs/.gitkeep"), ""));
    }
    let ignoring = root.join(".gitignore");
    refuse_obstacles(&files, &root)?;
    let mut made = Made::default();
    let mut write = || -> std::io::Result<()> {
        for (file, text) in &files {
            made.file(file, text)?;
        }
        made.ignore(&ignoring)
    };
    if let Err(error) = write() {
        made.undo();
        let place = if root.as_os_str().is_empty() { Path::new(".") } else { &root };
        let failure = Failure::new(exit::FAILED, format!("can't make a project in {}", place.display()));
        return Err(failure.because(&error).hint(Some("nothing was left there".to_owned())));
    }
    let made: Vec<String> = made.files.iter().map(|file| file.display().to_string()).collect();
    if printer.json {
        printer.data(&format!("{:#}", json!({ "made": made })));
    } else {
        printer.data(&made.join("\n"));
    }
    printer.say(&next(args));
    Ok(exit::DONE)
}

/// Everything that is where a file or its directory would go, in one error.
fn refuse_obstacles(files: &[(PathBuf, &str)], root: &Path) -> Result<(), Failure> {
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let mut found: Vec<String> = ["config", "jobs"]
        .map(|name| root.join(name))
        .iter()
        .filter(|dir| is_there(dir) && !dir.is_dir())
        .map(|dir| dir.display().to_string())
        .collect();
    found.extend(files.iter().filter(|(file, _)| is_there(file)).map(|(file, _)| file.display().to_string()));
    let ignoring = root.join(".gitignore");
    if is_there(&ignoring) && !ignoring.is_file() {
        found.push(ignoring.display().to_string());
    }
    if found.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(exit::USAGE, format!("there is already {}", found.join(", ")));
    Err(failure.hint(Some("nothing was written; take them away, or name another directory".to_owned())))
}

/// What to do next, in three commands.
fn next(args: &InitArgs) -> String {
    let enter = match &args.project {
        Some(project) => format!("cd {} && ", project.display()),
        None => String::new(),
    };
    let second = if args.example {
        "longhaul history --graph         # the revisions of the example"
    } else {
        "longhaul revision -m \"first\"     # a new file in jobs/, to write SQL into"
    };
    format!(
        "next:\n  {enter}cp .env.example .env             # and name the database there\n  {second}\n  \
         longhaul upgrade                 # apply what is pending"
    )
}

/// What was made, to be taken back.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
}

impl Made {
    /// A new file, with the directories that lead to it.
    fn file(&mut self, file: &Path, text: &str) -> std::io::Result<()> {
        let missing = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
        let missing: Vec<&Path> = file.ancestors().skip(1).take_while(missing).collect();
        for dir in missing.into_iter().rev() {
            std::fs::create_dir(dir)?;
            self.dirs.push(dir.to_owned());
        }
        let mut opened = std::fs::File::create_new(file)?;
        self.files.push(file.to_owned());
        opened.write_all(text.as_bytes())
    }

    /// One more line in `.gitignore`, unless it is there. A file that can't be extended stays as it was.
    fn ignore(&mut self, file: &Path) -> std::io::Result<()> {
        if !file.exists() {
            return self.file(file, &format!("{IGNORED}\n"));
        }
        let text = std::fs::read_to_string(file)?;
        if text.lines().any(|line| [IGNORED, ".env"].contains(&line.trim())) {
            return Ok(());
        }
        let begin = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let mut opened = std::fs::OpenOptions::new().append(true).open(file)?;
        opened.write_all(format!("{begin}{IGNORED}\n").as_bytes()).inspect_err(|_| {
            let _ = opened.set_len(text.len() as u64);
        })
    }

    /// Takes everything back. What can't be removed any more was changed by someone else.
    fn undo(&self) {
        for file in self.files.iter().rev() {
            let _ = std::fs::remove_file(file);
        }
        for dir in self.dirs.iter().rev() {
            let _ = std::fs::remove_dir(dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_before_an_error_is_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::write(root.join("mine"), "").unwrap();
        let mut made = Made::default();
        made.file(&root.join("a/b/one"), "text").unwrap();
        made.file(&root.join("a/b/one/two"), "a file is no directory").unwrap_err();
        made.file(&root.join("mine"), "never over another").unwrap_err();
        made.undo();
        let left: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mine"]);
    }
}
