//! Several processes notice the same thing, and one of them tells it.

use super::{kept, webhook};
use crate::support::{Answer, Items, JobKind, Receiver};

#[tokio::test]
async fn two_processes_that_see_the_same_send_one_message() {
    let receiver = Receiver::new().await;
    let items = Items::new(400, JobKind::Counting).await;
    items.project.configure(&webhook(&receiver, &["finished", "failed"]));
    let watching = [items.project.spawn(&["worker"]), items.project.spawn(&["worker"])];
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    receiver.hears(1).await;
    // Both have looked since: what is told is what all have agreed on.
    items.until("(SELECT bool_and(state = 'sent') FROM longhaul.alert)").await;
    items.project.longhaul(&["worker", "--once"]).await.succeeded();
    for process in watching {
        process.signal(rustix::process::Signal::TERM);
        process.outcome().await.ended_with(4);
    }
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(kept(&items.project).await, ("sent".to_owned(), 1));
}

#[tokio::test]
async fn what_a_dead_sender_had_claimed_is_sent_by_another() {
    let receiver = Receiver::answering(&[Answer::Nothing, Answer::Says("200 OK", "")]).await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&(webhook(&receiver, &["finished"]) + "timeout = \"5min\"\n"));
    let run = items.project.spawn(&["run", "fill"]);
    receiver.hears(1).await;
    run.kill().await;
    assert_eq!(kept(&items.project).await, ("due".to_owned(), 1));
    // Its time is over.
    items.database().execute("UPDATE longhaul.alert SET claimed_until = now() - interval '1 s'").await;
    items.project.longhaul(&["worker", "--once"]).await.succeeded();
    assert_eq!(receiver.hears(2).await.len(), 2);
    assert_eq!(kept(&items.project).await, ("sent".to_owned(), 2));
}

#[tokio::test]
async fn what_happened_before_an_alert_was_there_is_no_news() {
    let receiver = Receiver::new().await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.project.configure(&webhook(&receiver, &["finished", "failed"]));
    items.project.longhaul(&["worker", "--once"]).await.succeeded();
    items.project.longhaul(&["run", "fill", "--anew"]).await.succeeded();
    let messages = receiver.hears(1).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].json()["run"], 2);
}
