//! A directory with jobs, and the program run in it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::Database;

/// The program under test.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_longhaul");

/// A database and a directory of jobs.
pub(crate) struct Project {
    pub(crate) database: Database,
    directory: TempDir,
    failpoint: Option<String>,
}

/// What a process said and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A process at work.
pub(crate) struct Process {
    child: Child,
    /// What of stderr has been read already.
    heard: Vec<u8>,
}

impl Project {
    /// No jobs yet.
    pub(crate) fn new(database: Database) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("jobs")).unwrap();
        Self { database, directory, failpoint: None }
    }

    /// The payroll example's revisions and job.
    pub(crate) fn example(database: Database) -> Self {
        let project = Self::new(database);
        for entry in std::fs::read_dir("jobs").unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, project.jobs().join(path.file_name().unwrap())).unwrap();
            }
        }
        project
    }

    /// A project whose next process dies, as by kill -9, when it comes to this point for the `hit`th time.
    pub(crate) fn dying_at(mut self, failpoint: &str, hit: u32) -> Self {
        self.failpoint = Some(format!("{failpoint}={hit}"));
        self
    }

    /// No failpoint any more.
    pub(crate) fn surviving(mut self) -> Self {
        self.failpoint = None;
        self
    }

    /// Where the program is run.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn jobs(&self) -> std::path::PathBuf {
        self.directory.path().join("jobs")
    }

    /// Writes a file into `jobs/`.
    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.jobs().join(name), text).unwrap();
        self
    }

    /// A file of the directory of jobs, as it stands.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.jobs().join(name)).unwrap()
    }

    /// Batches of the job `fill` may take minutes before the server cuts them off, unless the job says how long.
    pub(super) fn have_patience(&self) {
        let job = self.read("fill.toml");
        if !job.contains("target =") {
            self.write("fill.toml", &job.replace("[batch]\n", "[batch]\ntarget = \"60s\"\n"));
        }
    }

    /// Writes `config/development.toml`.
    pub(crate) fn configure(&self, text: &str) -> &Self {
        let directory = self.directory.path().join("config");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("development.toml"), text).unwrap();
        self
    }

    /// Runs the program to its end.
    pub(crate) async fn longhaul(&self, arguments: &[&str]) -> Outcome {
        self.spawn(arguments).outcome().await
    }

    /// Runs the program to its end with these variables; an empty one counts as not set.
    pub(crate) async fn longhaul_with<V: AsRef<OsStr> + Copy>(
        &self,
        variables: &[(&str, V)],
        arguments: &[&str],
    ) -> Outcome {
        self.spawn_with(variables, arguments).outcome().await
    }

    /// Runs the program to its end without this variable.
    pub(crate) async fn longhaul_without(&self, variable: &str, arguments: &[&str]) -> Outcome {
        let mut command = command(&self.database.url, self.directory.path(), arguments);
        command.env_remove(variable);
        Process::new(command.spawn().unwrap()).outcome().await
    }

    /// Starts the program with these variables.
    pub(crate) fn spawn_with<V: AsRef<OsStr> + Copy>(
        &self,
        variables: &[(&str, V)],
        arguments: &[&str],
    ) -> Process {
        let mut command = command(&self.database.url, self.directory.path(), arguments);
        command.envs(variables.iter().copied());
        Process::new(command.spawn().unwrap())
    }

    /// Starts the program.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Process {
        let mut command = command(&self.database.url, self.directory.path(), arguments);
        if let Some(failpoint) = &self.failpoint {
            command.env("LONGHAUL_FAILPOINT", failpoint);
        }
        Process::new(command.spawn().unwrap())
    }

    /// Applies the example's revisions from the checkout, for the template.
    pub(super) async fn upgrade_example(database: &Database, jobs: &Path, target: &str) {
        let directory = tempfile::tempdir().unwrap();
        let jobs = std::path::absolute(jobs).unwrap();
        let arguments = ["upgrade", target, "--dir", jobs.to_str().unwrap()];
        let child = command(&database.url, directory.path(), &arguments).spawn().unwrap();
        Process::new(child).outcome().await.succeeded();
    }
}

impl Process {
    fn new(child: Child) -> Self {
        Self { child, heard: Vec::new() }
    }

    /// Waits for its end.
    pub(crate) async fn outcome(self) -> Outcome {
        let output = self.child.wait_with_output().await.unwrap();
        let stderr = [self.heard, output.stderr].concat();
        Outcome {
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Waits until it has said this on stderr.
    pub(crate) async fn hear(&mut self, text: &str) {
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        while !String::from_utf8_lossy(&self.heard).contains(text) {
            let read = tokio::time::timeout(Duration::from_secs(60), stderr.read_buf(&mut self.heard)).await;
            let said = String::from_utf8_lossy(&self.heard);
            assert!(read.expect("it says something within a minute").unwrap() > 0, "it only said:\n{said}");
        }
    }

    /// What it has said so far, as far as it was heard.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }

    /// kill -9, and waits for its end.
    pub(crate) async fn kill(mut self) -> Outcome {
        self.child.start_kill().unwrap();
        self.outcome().await
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id().expect("it has not been waited for")).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it has not been waited for")
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Outcome {
    /// Fails unless it ended with this code.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        self.ended_with(0)
    }

    /// Fails unless it was killed: how a failpoint shows that it fired.
    #[track_caller]
    pub(crate) fn was_killed(self) -> Self {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(self.status.signal(), Some(9), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless stdout has this text in it.
    #[track_caller]
    pub(crate) fn says_on_stdout(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "`{text}` is not in:\n{}", self.stdout);
        self
    }

    /// Fails unless stderr has this text in it.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }
}

fn command(url: &str, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .current_dir(directory)
        .env_remove("LONGHAUL_ENV")
        .env_remove("LONGHAUL_CONFIG")
        .env_remove("SQLALCHEMY_DATABASE_URI")
        .env_remove("SQLALCHEMY_DATABASE_URL")
        .env_remove("VISUAL")
        .env_remove("EDITOR")
        .env("DATABASE_URL", url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
