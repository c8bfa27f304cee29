//! The message as Slack takes it, and those who take what Slack takes.

use serde_json::{Value, json};

use crate::model::{AlertMessage, AlertStatus, Severity};

/// With `&`, `<` and `>` written as Slack wants it: else a job's name could call the whole channel.
pub(super) fn escaped(message: &AlertMessage) -> AlertMessage {
    let text = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let some = |field: &Option<String>| field.as_deref().map(text);
    AlertMessage {
        alert: text(&message.alert),
        id: text(&message.id),
        title: text(&message.title),
        message: text(&message.message),
        job: some(&message.job),
        table: some(&message.table),
        revision: some(&message.revision),
        database: text(&message.database),
        host: text(&message.host),
        ..message.clone()
    }
}

/// A headline and an attachment with a colour.
pub(super) fn payload(message: &AlertMessage) -> Value {
    let resolved = message.status == AlertStatus::Resolved;
    let color = match message.severity {
        _ if resolved => "good",
        Severity::Critical => "danger",
        Severity::Warning => "warning",
        Severity::Info => "good",
    };
    let field = |title: &str, value: &str| json!({ "title": title, "value": value, "short": true });
    let mut fields = vec![field("Database", &message.database)];
    fields.extend(message.job.as_deref().map(|job| match message.run {
        Some(run) => field("Job", &format!("{job}, run {run}")),
        None => field("Job", job),
    }));
    fields.extend(message.table.as_deref().map(|table| field("Table", table)));
    fields.extend(message.revision.as_deref().map(|revision| field("Revision", revision)));
    let title = if resolved { format!("Over: {}", message.title) } else { message.title.clone() };
    json!({
        "text": title,
        "attachments": [{
            "color": color,
            "fallback": format!("{title}: {}", message.message),
            "text": message.message,
            "fields": fields,
            "footer": format!("longhaul on {}, {}", message.host, message.at),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AlertKind;

    #[test]
    fn nothing_in_a_message_is_taken_for_markup() {
        let mut message = AlertMessage::sample("a", AlertKind::Held, "d", "h", "now");
        message.job = Some("<!channel> & <script>".to_owned());
        let text = payload(&escaped(&message)).to_string();
        assert!(text.contains("&lt;!channel&gt; &amp; &lt;script&gt;, run 0"), "{text}");
        assert!(!text.contains('<'), "{text}");
    }

    #[test]
    fn what_is_over_is_green() {
        let mut message = AlertMessage::sample("a", AlertKind::Failed, "d", "h", "now");
        assert_eq!(payload(&message)["attachments"][0]["color"], "danger");
        message.status = AlertStatus::Resolved;
        assert_eq!(payload(&message)["attachments"][0]["color"], "good");
        assert_eq!(payload(&message)["text"], "Over: Failed: fill_gross_amount (a test)");
    }
}
