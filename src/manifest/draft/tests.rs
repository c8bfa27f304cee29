use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::slips::nearly;

fn draft(kind: DraftKind) -> Draft {
    Draft {
        id: "5c1d7e88a0f4".to_owned(),
        message: "say \"hello\" to\nthem".to_owned(),
        revises: vec!["3f9a0c1b7d52".to_owned(), "90be11d4a6c3".to_owned()],
        depends: vec!["77aa77aa77aa".to_owned()],
        label: Some("payroll".to_owned()),
        kind,
    }
}

fn making() -> Making {
    let at = "2026-03-02T23:04:05+01:00[Europe/Vienna]".parse().unwrap();
    Making { at, author: "payroll".to_owned(), slug_length: 9 }
}

#[test]
fn a_message_becomes_a_name_that_any_file_system_takes() {
    let slug = |message| message_slug(message, Draft::SLUG_LENGTH);
    assert_eq!(slug("Add `gross_amount` to payroll.entries!"), "add_gross_amount_to_payroll_entries");
    assert_eq!(slug("ä/../x"), "x");
    assert!(slug(&"word ".repeat(40)).len() <= Draft::SLUG_LENGTH);
}

#[test]
fn a_new_file_reads_back_as_what_was_asked_for() {
    let (schema, job) = (draft(DraftKind::Schema), draft(DraftKind::Job));
    let path = Path::new("jobs/x");
    schema.check(path, &schema.text()).unwrap();
    job.check(path, &job.text()).unwrap();
    let (read, own_header) = parse_revision(path, &schema.text()).unwrap();
    assert!(own_header);
    assert_eq!((read.labels, read.message.as_str()), (vec!["payroll".to_owned()], "say \"hello\" to them"));
    let read = parse_job(path, &job.text()).unwrap().revision.unwrap();
    assert_eq!((read.labels, read.message), (vec!["payroll".to_owned()], job.message));
}

#[test]
fn a_text_of_another_revision_is_told_apart() {
    let draft = draft(DraftKind::Schema);
    let said = |text: &str| draft.check(Path::new("x.sql"), text).unwrap_err().to_string();
    let text = draft.text();
    assert_eq!(
        said(&text.replace("5c1d7e88a0f4", "5c1d")),
        "the new file would have the id `5c1d`, and `5c1d7e88a0f4` was asked for"
    );
    assert_eq!(
        said(&text.replace(", 90be11d4a6c3", "")),
        "the new file would have revises `3f9a0c1b7d52`, and `3f9a0c1b7d52, 90be11d4a6c3` was asked for"
    );
    assert_eq!(said("SELECT 1;"), "the new file would have something wrong in it");
}

#[test]
fn a_template_tells_the_time_of_its_zone() {
    let rendered = |template: &str| render(template, &draft(DraftKind::Job).variables(&making())).unwrap();
    assert_eq!(rendered(Draft::FILE_NAME), "20260302_5c1d7e88a0f4_say_hello");
    assert_eq!(rendered("{{ hour }}{{ minute }}{{ second }}-{{ epoch }}"), "230405-1772489045");
    assert_eq!(rendered("{{ created }} {{ author }}"), "2026-03-02 23:04:05+01:00 payroll");
    assert_eq!(rendered("{{ revises | join('+') }} {{ label }}\n"), "3f9a0c1b7d52+90be11d4a6c3 payroll\n");
}

#[test]
fn a_template_that_names_nothing_is_shown_at_the_place() {
    let error = |template: &str| {
        render(template, &Draft::sample().variables(&making())).unwrap_err().in_file(Path::new("t.jinja"))
    };
    assert_eq!(error("{{ id }}\nä {{ slugg }}").to_string(), "t.jinja:2:6: `slugg` is not defined");
    assert!(error("{{ id").to_string().starts_with("t.jinja:1:"), "{}", error("{{ id"));
    assert_eq!(error("\n{{ id | shout }}").line, 2);
}

#[test]
fn a_template_that_would_take_all_of_the_stack_is_refused() {
    let said =
        |template: &str| render(template, &Draft::sample().variables(&making())).unwrap_err().to_string();
    assert_eq!(said(&format!("{{{{ {}1 }}}}", "-".repeat(9000))), "this block has more than 400 characters");
    let chain = format!("{{% if id %}}{}{{% endif %}}", "{% elif id %}".repeat(9000));
    assert_eq!(said(&chain), "there are more than 400 blocks in it");
    let long = format!("{}{{{{ id }}}}{}", "a".repeat(9000), "b".repeat(9000));
    assert!(render(&long, &Draft::sample().variables(&making())).is_ok(), "plain text may be long");
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let name = |text: &str| draft(DraftKind::Job).file_name(text);
    assert_eq!(name("a_b_").unwrap(), "a_b.toml");
    let said = |text: &str| name(text).unwrap_err().to_string();
    assert_eq!(
        said("../a"),
        "`file_name` makes `../a.toml`, which is not in the directory of revisions itself"
    );
    for text in ["", "_", ".a", "a\u{0}b", &"x".repeat(255)] {
        said(text);
    }
}

proptest! {
    #[test]
    fn no_template_and_no_message_makes_it_panic(
        template in nearly(&[
            Draft::FILE_NAME,
            "{{ header }}{% for id in revises %}{{ id | upper }}{% endfor %}\n{% if label %}{{ message[:9] }}{% endif %}",
        ]),
        message in nearly(&["Add `gross_amount` to payroll.entries!", "größe"]),
        length in 0..300_usize,
    ) {
        let sample = Draft { message: message.clone(), ..Draft::sample() };
        match render(&template, &sample.variables(&making())) {
            Ok(name) => drop(sample.file_name(&name).map_err(|error| error.to_string())),
            Err(error) => prop_assert!(error.in_file(Path::new("t.jinja")).line >= 1),
        }
        prop_assert!(message_slug(&message, length).len() <= length);
        let _ = sample.check(Path::new("x.sql"), &sample.text());
    }
}
