use std::path::Path;

use super::*;
use crate::manifest::Document;

fn read(text: &str) -> Result<Vec<Alert>, DocumentError> {
    let environment = Environment::from([("TOKEN", "hunter2")]);
    let document = Document::parse(Path::new("config/x.toml"), text)?;
    Alert::read_all(&document.root(), &environment)
}

fn complaint(text: &str) -> String {
    let error = read(&format!("[[alert]]\n{text}\n")).expect_err("it is refused");
    let hint = error.hint.as_deref().unwrap_or_default();
    format!("{}:{}: {} | {hint} | {}", error.line, error.column, error.message, error.source_line)
}

#[test]
fn an_alert_is_read_with_its_defaults() {
    let alerts = read("[[alert]]\nname = \"a\"\non = \"failed\"\nlog = true\n").unwrap();
    let [alert] = alerts.as_slice() else { panic!() };
    assert_eq!((alert.name.as_str(), alert.on.as_slice()), ("a", &[AlertKind::Failed][..]));
    assert_eq!(alert.target, Ok(AlertTarget::Log));
    assert_eq!(alert.thresholds, AlertThresholds::DEFAULT);
}

#[test]
fn variables_are_put_in_and_shown_to_nobody() {
    let text = "[[alert]]\nname = \"a\"\non = [\"held\"]\nwebhook = \"https://h/${TOKEN}\"\n\
                headers = { Authorization = \"Bearer ${TOKEN}\" }\n";
    let alerts = read(text).unwrap();
    assert!(!format!("{alerts:?}").contains("hunter2"));
    let Ok(AlertTarget::Webhook { url, headers }) = &alerts[0].target else { panic!() };
    assert_eq!(url.expose(), "https://h/hunter2");
    assert_eq!(headers[0].1.expose(), "Bearer hunter2");
}

#[test]
fn a_variable_that_is_not_set_matters_only_to_who_sends() {
    let alerts = read("[[alert]]\nname = \"a\"\non = [\"held\"]\nslack = \"${NOT_SET}\"\n").unwrap();
    let error = alerts[0].target.as_ref().unwrap_err();
    assert_eq!(error.to_string(), "config/x.toml:4:9: `slack` needs the variable NOT_SET, which is not set");
}

#[test]
fn complaints_name_the_place_and_the_mend() {
    let begin = "name = \"a\"\non = [\"failed\"]\n";
    for (text, said) in [
        ("on = [\"failed\"]\nlog = true", "1:1: `name` is missing in [[alert]]"),
        ("name = \"a\"\nlog = true", "1:1: `on` is missing in [[alert]]"),
        ("name = \"a\"\non = []\nlog = true", "3:1: `on` is empty"),
        (
            "name = \"a\"\non = [\"faild\"]\nlog = true",
            "3:7: `faild` is nothing that an alert tells of | did you mean `failed`?",
        ),
        ("name = \"\"\non = [\"failed\"]\nlog = true", "2:8: `name` must have"),
        (begin, "1:1: `webhook` is missing"),
        (&format!("{begin}log = false"), "1:1: `webhook` is missing"),
        (
            &format!("{begin}log = true\nslack = \"https://h\""),
            "4:1: an alert goes to one place, and this one has `slack` and `log`",
        ),
        (&format!("{begin}log = true\nheaders = {{ A = \"b\" }}"), "5:13: `headers` go with"),
        (&format!("{begin}command = \" \""), "4:11: `command` is empty"),
        (&format!("{begin}webhook = \"hunter2.example\""), "4:11: `webhook` is no address"),
        (&format!("{begin}webhook = \"https:///hunter2\""), "4:11: `webhook` is no address"),
        (&format!("{begin}webhook = \"https://h/${{\""), "4:11: `webhook` has a `${` that names no variable"),
        (
            &format!("{begin}webhook = \"https://h\"\nheaders = {{ \"a b\" = \"hunter2\" }}"),
            "5:13: `a b` is no name of a header",
        ),
        (
            &format!("{begin}webhook = \"https://h\"\nheaders = {{ A = \"hunter2\\n\" }}"),
            "a header's value has a character",
        ),
        (&format!("{begin}webhook = \"https://h\"\nheaders = \"hunter2\""), "`headers` must be a table"),
        (
            &format!("{begin}log = true\ntemplate = \"{{{{ nme }}}}\""),
            "5:12: in the template, line 1, column 4: `nme` is not defined",
        ),
        (
            &format!("{begin}webhook = \"https://h\"\ntemplate = '{{\"a\": \"{{{{ message }}}}\"}}'"),
            "is no JSON",
        ),
        (
            &format!("{begin}log = true\ntemplate_file = \"nowhere.jinja\""),
            "`template_file` nowhere.jinja can't be read",
        ),
        (&format!("{begin}log = true\nheld_for = \"soon\""), "5:12: `soon` is not a duration"),
        (&format!("{begin}log = true\nquarantine_above = -1"), "must be a whole number of rows"),
        (
            &format!("{begin}log = true\nhled_for = \"1s\""),
            "unknown key `hled_for` in [[alert]] | did you mean `held_for`?",
        ),
        (&format!("{begin}tokn = \"hunter2\""), "unknown key `tokn`"),
    ] {
        let found = complaint(text);
        assert!(found.contains(said), "{text}\n gives\n{found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
}

#[test]
fn two_alerts_of_one_name_are_refused() {
    let one = "[[alert]]\nname = \"a\"\non = \"failed\"\nlog = true\n";
    let error = read(&format!("{one}{one}")).unwrap_err();
    assert_eq!((error.line, error.message.as_str()), (6, "two alerts are called `a`"));
}

#[test]
fn a_template_may_use_whatever_a_message_has() {
    let template = "{{ alert }}{{ kind }}{{ status }}{{ severity }}{{ id }}{{ title }}{{ message }}{{ job }}{{ run }}\
                    {{ table }}{{ revision }}{{ database }}{{ host }}{{ at }}{{ detail.sample }}{{ version }}";
    let text = format!("[[alert]]\nname = \"a\"\non = [\"failed\"]\nlog = true\ntemplate = '{template}'\n");
    let alerts = read(&text).unwrap();
    let message = AlertMessage::sample("a", AlertKind::Failed, "d", "h", "now");
    let rendered = alerts[0].rendered(&message).unwrap().unwrap();
    assert!(rendered.starts_with("afailedfiringcriticalfailed/sample"), "{rendered}");
}
