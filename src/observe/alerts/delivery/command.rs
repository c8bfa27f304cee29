//! A command, with the JSON on its standard input. No database password is in its environment.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{Answer, Undelivered, shortened};
use crate::config::may_tell_password;
use crate::model::AlertMessage;

/// As much of what it prints is read.
const MOST_OUTPUT: u64 = 4096;

/// How long its output is read once it has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs it in `sh`; status 0 takes the message.
pub(super) async fn run(
    command: &str,
    message: &AlertMessage,
    input: String,
    timeout: Duration,
) -> Result<Answer, Undelivered> {
    let mut child = start(command, message)
        .map_err(|error| Undelivered::because(format!("the command can't be started: {error}")))?;
    let id = child.id();
    // The limit of time is that of what we are asked to do, so it is measured where that is.
    match tokio::time::timeout(timeout, talk(&mut child, input)).await {
        Ok(Ok((status, said))) if status.success() => {
            let said = shortened(&said, &[]);
            Ok(Answer { text: if said.is_empty() { "it ended with status 0".to_owned() } else { said } })
        }
        Ok(Ok((status, said))) => {
            let said = shortened(&said, &[]);
            let what = if said.is_empty() { String::new() } else { format!(": {said}") };
            Err(Undelivered::because(format!("the command failed, {status}{what}")))
        }
        Ok(Err(error)) => Err(Undelivered::because(format!("the command can't be talked to: {error}"))),
        Err(_) => {
            // What it started as well: it leads a group of its own.
            if let Some(group) = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait().await;
            Err(Undelivered::because(format!("the command took longer than {} s", timeout.as_secs_f64())))
        }
    }
}

fn start(command: &str, message: &AlertMessage) -> std::io::Result<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    for (name, value) in std::env::vars_os() {
        if may_tell_password(&name.to_string_lossy(), &value.to_string_lossy()) {
            shell.env_remove(name);
        }
    }
    shell
        .env("LONGHAUL_ALERT_NAME", &message.alert)
        .env("LONGHAUL_ALERT_KIND", message.kind.as_str())
        .env("LONGHAUL_ALERT_STATUS", message.status.as_str())
        .env("LONGHAUL_ALERT_SEVERITY", message.severity.as_str())
        .env("LONGHAUL_ALERT_ID", &message.id)
        .env("LONGHAUL_ALERT_TITLE", &message.title)
        .env("LONGHAUL_ALERT_MESSAGE", &message.message)
        .env("LONGHAUL_ALERT_JOB", message.job.as_deref().unwrap_or_default())
        .env("LONGHAUL_ALERT_RUN", message.run.map(|run| run.to_string()).unwrap_or_default())
        .env("LONGHAUL_ALERT_REVISION", message.revision.as_deref().unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Gives it the input and reads what it says until it ends, whatever it leaves behind.
async fn talk(child: &mut Child, input: String) -> std::io::Result<(std::process::ExitStatus, String)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async {
        if let Some(mut stdin) = stdin {
            // One that doesn't read its input may do without.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = {
        let mut talk = std::pin::pin!(async {
            tokio::join!(give, read(stdout, &mut out), read(stderr, &mut err));
        });
        tokio::select! {
            status = child.wait() => {
                // What it left behind may keep them open for as long as it likes.
                let _ = tokio::time::timeout(LAST_WORDS, talk).await;
                status?
            }
            () = &mut talk => child.wait().await?,
        }
    };
    Ok((status, format!("{} {}", String::from_utf8_lossy(&out), String::from_utf8_lossy(&err))))
}

/// Its beginning is kept. The rest is read and forgotten, so that nothing waits for us.
async fn read(stream: Option<impl tokio::io::AsyncRead + Unpin>, said: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let _ = (&mut stream).take(MOST_OUTPUT).read_to_end(said).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}
