//! How a message reaches its receiver, and what becomes of it when it doesn't.

use super::{alert, kept, webhook};
use crate::support::{Answer, Items, JobKind, Receiver};

#[tokio::test]
async fn a_receiver_that_fails_twice_gets_the_message_by_a_later_try() {
    let receiver = Receiver::answering(&[
        Answer::Says("500 Internal Server Error", "busy"),
        Answer::Says("503 Service Unavailable", ""),
        Answer::Says("204 No Content", ""),
    ])
    .await;
    let items = Items::new(40, JobKind::Counting).await;
    items.project.configure(&webhook(&receiver, &["finished"]));
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    // The run has gone before it was taken: whoever comes next sends it.
    let worker = items.project.spawn(&["worker"]);
    let messages = receiver.hears(3).await;
    items.until("(SELECT bool_and(state = 'sent') FROM longhaul.alert)").await;
    worker.kill().await;
    assert_eq!(kept(&items.project).await, ("sent".to_owned(), 3));
    let message = messages[0].json();
    assert_eq!(message["kind"], "finished");
    assert_eq!(message["status"], "firing");
    assert_eq!(message["job"], "fill");
    assert_eq!(message["table"], "public.items");
    assert!(message["message"].as_str().unwrap().contains("run 1 of fill was signed off"), "{message}");
    assert!(messages[0].head.starts_with("POST /hook HTTP/1.1"), "{}", messages[0].head);
    assert_eq!(messages[0].body, messages[2].body);
}

#[tokio::test]
async fn a_receiver_that_never_answers_holds_no_work_up() {
    let receiver = Receiver::answering(&[Answer::Nothing]).await;
    let items = Items::new(200, JobKind::Counting).await;
    let text = webhook(&receiver, &["finished", "rollback", "failed"]) + "timeout = \"5min\"\n";
    items.project.configure(&text);
    // Its end waits some seconds for the last message, and no longer.
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("beside a receiver that never answers").await;
    assert_eq!(receiver.hears(1).await.len(), 1);
    assert_eq!(kept(&items.project).await, ("due".to_owned(), 1), "another process sends it later");
}

#[tokio::test]
async fn a_message_that_nobody_takes_is_given_up_and_the_log_says_so() {
    let receiver = Receiver::answering(&[Answer::Says("410 Gone", "no such hook: hunter2")]).await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&alert(
        &["finished"],
        &format!("webhook = \"{}/hunter2\"\nretry_for = \"1ms\"", receiver.url),
    ));
    let outcome = items.project.longhaul(&["run", "fill"]).await.succeeded();
    let outcome = outcome
        .says("warning: a message of the alert oncall is given up after 1 tries: HTTP 410: no such hook: …");
    assert!(!outcome.stderr.contains("hunter2"));
    assert_eq!(kept(&items.project).await, ("dropped".to_owned(), 1));
    let log = items.project.longhaul(&["log"]).await.succeeded().stdout;
    assert!(log.contains("is given up after 1 tries: HTTP 410") && !log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn slack_gets_what_slack_takes() {
    let receiver = Receiver::new().await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&alert(&["finished"], &format!("slack = \"{}/services/T0/B0/x\"", receiver.url)));
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let payload = receiver.hears(1).await[0].json();
    assert_eq!(payload["text"], "Finished: fill");
    let attachment = &payload["attachments"][0];
    assert_eq!(attachment["color"], "good");
    assert!(attachment["text"].as_str().unwrap().contains("run 1 of fill was signed off"), "{payload}");
    assert_eq!(attachment["fields"][1]["value"], "fill, run 1");
}

#[tokio::test]
async fn a_template_and_headers_make_the_message_what_the_receiver_wants() {
    let receiver = Receiver::new().await;
    let items = Items::new(20, JobKind::Counting).await;
    let template = "{\"summary\": {{ message | tojson }}, \"key\": \"{{ id }}\"}";
    items.project.configure(&alert(
        &["finished"],
        &format!(
            "webhook = \"{}/${{HOOK}}\"\nheaders = {{ Authorization = \"Bearer ${{PAGER_TOKEN}}\" }}\ntemplate = '{template}'",
            receiver.url
        ),
    ));
    let variables = [("HOOK", "xyzzy"), ("PAGER_TOKEN", "plugh")];
    let outcome = items.project.longhaul_with(&variables, &["run", "fill", "-v"]).await.succeeded();
    let message = &receiver.hears(1).await[0];
    assert!(message.head.starts_with("POST /xyzzy "), "{}", message.head);
    let head = message.head.to_lowercase();
    assert!(
        head.contains("authorization: bearer plugh") && head.contains("content-type: application/json"),
        "{head}"
    );
    let event: i64 = items.database().value("SELECT id FROM longhaul.event WHERE kind = 'run.done'").await;
    assert_eq!(message.json()["key"], format!("finished/event {event}"));
    let stored: String =
        items.database().value("SELECT string_agg(a::text, ' ') FROM longhaul.alert AS a").await;
    for text in [&outcome.stderr, &outcome.stdout, &stored] {
        assert!(!text.contains("xyzzy") && !text.contains("plugh"), "{text}");
    }
}

#[tokio::test]
async fn a_command_gets_the_message_and_no_password() {
    let items = Items::new(20, JobKind::Counting).await;
    let directory = items.project.jobs().parent().unwrap().to_owned();
    items.project.configure(&alert(
        &["finished"],
        "command = \"cat > message.json; env > environment.txt; sleep 600 & echo told\"\ntimeout = \"2s\"",
    ));
    let variables = [("PGPASSWORD", "hunter2"), ("OTHER_URL", "postgres://a:sesame@h/d")];
    items.project.longhaul_with(&variables, &["run", "fill"]).await.succeeded();
    let text = std::fs::read_to_string(directory.join("message.json")).unwrap();
    let message: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(message["kind"], "finished");
    let environment = std::fs::read_to_string(directory.join("environment.txt")).unwrap();
    for line in ["LONGHAUL_ALERT_KIND=finished", "LONGHAUL_ALERT_JOB=fill", "LONGHAUL_ALERT_NAME=oncall"] {
        assert!(environment.contains(line), "{line} is not in:\n{environment}");
    }
    for secret in ["hunter2", "sesame", "DATABASE_URL"] {
        assert!(!environment.contains(secret), "{secret} is in:\n{environment}");
    }
    // What it left behind keeps its output open, and is no concern of ours.
    assert_eq!(kept(&items.project).await, ("sent".to_owned(), 1));
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended() {
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&alert(&["finished"], "command = \"sleep 600; echo told\"\ntimeout = \"1s\""));
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let error: Option<String> = items.database().value("SELECT last_error FROM longhaul.alert").await;
    assert_eq!(error.as_deref(), Some("the command took longer than 1 s"));
}

#[tokio::test]
async fn the_log_is_told_where_that_is_wanted() {
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&alert(&["finished"], "log = true"));
    items
        .project
        .longhaul(&["run", "fill"])
        .await
        .succeeded()
        .says("alert: Finished: fill: run 1 of fill was signed off: no row of 20 left, totals agree");
    assert_eq!(kept(&items.project).await, ("sent".to_owned(), 1));
}
