//! People are told of what happens while nobody looks: each message once, whatever the receiver does, and never a secret.

mod commands;
mod delivery;
mod kinds;
mod together;

use crate::support::{Project, Receiver};

/// An alert `oncall` on these kinds, with further keys.
pub(crate) fn alert(on: &[&str], more: &str) -> String {
    format!("[[alert]]\nname = \"oncall\"\non = {on:?}\n{more}\n")
}

/// An alert `oncall` on these kinds to this receiver.
pub(crate) fn webhook(receiver: &Receiver, on: &[&str]) -> String {
    alert(on, &format!("webhook = \"{}/hook\"", receiver.url))
}

/// State and tries of the only message.
async fn kept(project: &Project) -> (String, i32) {
    let row =
        project.database.client.query_one("SELECT state, attempts FROM longhaul.alert", &[]).await.unwrap();
    (row.get(0), row.get(1))
}
