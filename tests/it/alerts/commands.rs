//! `alert test`, `alert list`, and what is said where an alert can't be sent.

use super::{alert, webhook};
use crate::support::{Answer, Database, Items, JobKind, Project, Receiver};

#[tokio::test]
async fn an_alert_can_be_tried_and_the_answer_is_shown() {
    let receiver =
        Receiver::answering(&[Answer::Says("200 OK", "thanks"), Answer::Says("403 Forbidden", "go away")])
            .await;
    let project = Project::new(Database::empty().await);
    project.configure(&webhook(&receiver, &["held"]));
    project
        .longhaul(&["alert", "test", "oncall"])
        .await
        .succeeded()
        .says_on_stdout("oncall: taken in ")
        .says_on_stdout("ms (HTTP 200: thanks)");
    assert_eq!(receiver.received()[0].json()["id"], "held/sample");
    project
        .longhaul(&["alert", "test", "oncall"])
        .await
        .ended_with(1)
        .says("error: the alert `oncall` was not taken, after ")
        .says("because: HTTP 403: go away")
        .says("hint: is the address right");
    project.longhaul(&["alert", "test", "oncal"]).await.ended_with(2).says("hint: did you mean `oncall`?");
    let untouched: bool = project.database.value("SELECT to_regclass('longhaul.alert') IS NULL").await;
    assert!(untouched);
}

#[tokio::test]
async fn a_variable_that_is_not_set_is_named_where_something_was_to_be_sent() {
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&alert(&["finished"], "slack = \"${SLACK_URL}\""));
    items.project.longhaul(&["status"]).await.succeeded();
    items
        .project
        .longhaul(&["alert", "test", "oncall"])
        .await
        .ended_with(2)
        .says("`slack` needs the variable SLACK_URL, which is not set");
    items.project.longhaul(&["run", "fill"]).await.succeeded().says(
        "warning: the alert oncall can't be sent from here: config/development.toml:4:9: `slack` needs",
    );
}

#[tokio::test]
async fn alerts_and_their_messages_are_listed() {
    let receiver = Receiver::new().await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&webhook(&receiver, &["finished", "held"]));
    items
        .project
        .longhaul(&["alert", "list"])
        .await
        .succeeded()
        .says_on_stdout("oncall  to a webhook, on finished, held");
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let list = items.project.longhaul(&["alert", "list"]).await.succeeded().stdout;
    assert!(list.contains("  oncall  finished firing  run 1 of fill was signed off"), "{list}");
    assert!(list.trim_end().ends_with("[sent]"), "{list}");
    assert!(!list.contains(&receiver.url), "{list}");
    let json = items.project.longhaul(&["alert", "list", "--json"]).await.succeeded().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["messages"][0]["state"], "sent");
}
