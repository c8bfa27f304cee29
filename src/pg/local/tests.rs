//! Real servers: that they can be reached, and that nothing is left of them whatever ends them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio_postgres::NoTls;

use super::{Durability, LocalError, LocalServer, LocalServerOptions};
use crate::clock::Clock;

/// Makes [`owner_of_a_server`] do its part, and names the file it reports to.
const REPORT_VARIABLE: &str = "LONGHAUL_TEST_OWNER_REPORT";

async fn start(settings: &[(&str, &str)]) -> Result<LocalServer, LocalError> {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let environment = LocalServerOptions::from_environment()?;
    let options = LocalServerOptions { durability: Durability::Volatile, settings, ..environment };
    LocalServer::start(&Clock::system(), &options).await
}

async fn show(server: &LocalServer, setting: &str) -> String {
    let (client, connection) = tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query_one(&format!("SHOW {setting}"), &[]).await.unwrap().get(0)
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

fn is_alive(number: u32) -> bool {
    test_kill_process(pid(number)) != Err(rustix::io::Errno::SRCH)
}

async fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let clock = Clock::system();
    let deadline = clock.monotonic() + Duration::from_secs(60);
    while !condition() {
        assert!(clock.monotonic() < deadline, "waited too long for {what}");
        clock.sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_server_takes_its_password_and_settings_and_leaves_nothing_when_stopped() {
    let server = start(&[("work_mem", "7MB"), ("application_name", "it's here")]).await.unwrap();
    assert_eq!(show(&server, "work_mem").await, "7MB");
    assert_eq!(show(&server, "application_name").await, "it's here");
    assert_eq!(show(&server, "listen_addresses").await, "127.0.0.1");
    assert_eq!(show(&server, "fsync").await, "off");
    assert_eq!(show(&server, "synchronous_commit").await, "on");
    assert!(show(&server, "server_version").await.starts_with(&server.version().to_string()));
    assert!(server.socket_dir().join(format!(".s.PGSQL.{}", server.port())).exists());
    assert!(!server.socket_dir().join("password").exists());

    let wrong = server.url("postgres").replace(server.password(), "guess");
    let refused = tokio_postgres::connect(&wrong, NoTls).await.err().unwrap();
    assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("28P01"), "{refused}");

    let (postmaster, directory) = (server.postmaster_pid().unwrap(), server.socket_dir().to_owned());
    assert!(is_alive(postmaster));
    server.stop().await.unwrap();
    assert!(!is_alive(postmaster));
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_dropped_server_is_gone_even_while_a_client_is_connected() {
    let server = start(&[]).await.unwrap();
    let (postmaster, directory) = (server.postmaster_pid().unwrap(), server.socket_dir().to_owned());
    let (_client, connection) = tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    drop(server);
    assert!(!is_alive(postmaster));
    assert!(!directory.exists());
    assert!(connection.await.unwrap().is_err());
}

#[tokio::test]
async fn a_server_that_cannot_start_tells_why_and_leaves_nothing() {
    let before = private_directories();
    let error = start(&[("log_line_prefix", "%m"), ("shared_buffers", "plenty")]).await.unwrap_err();
    let LocalError::Start { log, .. } = &error else { panic!("{error}") };
    assert!(log.contains("invalid value for parameter \"shared_buffers\": \"plenty\""), "{log}");
    let left = |directory: &PathBuf| {
        std::fs::read_to_string(directory.join("settings.conf"))
            .is_ok_and(|settings| settings.contains("plenty"))
    };
    let after = private_directories();
    assert!(!after.iter().filter(|directory| !before.contains(directory)).any(left));
}

fn private_directories() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("longhaul-pg-")).collect()
}

#[tokio::test]
async fn a_killed_postmaster_is_noticed_and_cleaned_up_after() {
    let server = start(&[]).await.unwrap();
    let directory = server.socket_dir().to_owned();
    kill_process(pid(server.postmaster_pid().unwrap()), Signal::KILL).unwrap();
    wait_for("the server to be noticed as ended", || server.postmaster_pid().is_none()).await;
    server.stop().await.unwrap();
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_frozen_server_is_stopped_all_the_same() {
    let server = start(&[]).await.unwrap();
    let (postmaster, directory) = (server.postmaster_pid().unwrap(), server.socket_dir().to_owned());
    kill_process(pid(postmaster), Signal::STOP).unwrap();
    server.stop().await.unwrap();
    assert!(!is_alive(postmaster));
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_killed_owner_leaves_no_server_behind_though_its_other_children_live_on() {
    let reports = tempfile::tempdir().unwrap();
    let report = reports.path().join("report");
    let mut owner = run_owner(&report);
    wait_for("the owner's report", || {
        assert!(owner.try_wait().unwrap().is_none(), "the owner ended");
        report.exists()
    })
    .await;
    let text = std::fs::read_to_string(&report).unwrap();
    let mut lines = text.lines();
    let postmaster: u32 = lines.next().unwrap().parse().unwrap();
    let bystander: u32 = lines.next().unwrap().parse().unwrap();
    let directory = Path::new(lines.next().unwrap());
    assert!(is_alive(postmaster) && directory.exists());

    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_for("the server and its directory to go", || !is_alive(postmaster) && !directory.exists()).await;
    assert!(is_alive(bystander), "the bystander must outlive the server, or it proves nothing");
    kill_process(pid(bystander), Signal::KILL).unwrap();
}

/// Runs [`owner_of_a_server`] in a process of its own: this test program again.
fn run_owner(report: &Path) -> Child {
    let (_, module) = module_path!().split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::owner_of_a_server")])
        .env(REPORT_VARIABLE, report)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// No test but the part of the process that gets killed; among the tests it does nothing.
#[tokio::test]
async fn owner_of_a_server() {
    let Some(report) = std::env::var_os(REPORT_VARIABLE).map(PathBuf::from) else { return };
    let server = start(&[]).await.unwrap();
    let mut bystander = Command::new("sleep").arg("120").spawn().unwrap();
    let (postmaster, directory) = (server.postmaster_pid().unwrap(), server.socket_dir().display());
    let draft = report.with_extension("draft");
    std::fs::write(&draft, format!("{postmaster}\n{}\n{directory}\n", bystander.id())).unwrap();
    std::fs::rename(draft, report).unwrap();
    // Here it gets killed.
    bystander.wait().unwrap();
}
