//! What the parsers make of files, without any database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::statement::{locked_tables, statements, words};
use super::{Document, Manifest, ManifestError, file_name_parts, parse_job, parse_revision, slug};
use crate::model::slips::nearly;
use crate::model::{Ident, Job, Limits, RevisionBody, RevisionId, SchemaRevision, Section};

const JOB: &str = "[job]\ntable = \"payroll.entries\"\nset = { gross_amount = \"gross_pay\" }\n";

fn job(text: &str) -> Job {
    parse_job(Path::new("jobs/fill.toml"), text).unwrap_or_else(|error| panic!("{error}")).job
}

fn schema(text: &str) -> SchemaRevision {
    match parse_revision(Path::new("jobs/1_a.sql"), text).unwrap_or_else(|error| panic!("{error}")).0.body {
        RevisionBody::Schema(schema) => schema,
        RevisionBody::Data(_) => panic!("a .sql file is a schema revision"),
    }
}

fn sql(section: &Section) -> &str {
    match section {
        Section::Transaction(text) => text,
        Section::Statements(_) => panic!("the section runs in a transaction"),
    }
}

fn parts(name: &str) -> (String, String) {
    let parts = file_name_parts(&PathBuf::from(name)).unwrap();
    (parts.version, parts.slug)
}

#[test]
fn a_job_is_named_by_what_stands_beside_its_id() {
    let named = |name: &str, id: &str| slug(Path::new(name), Some(&RevisionId(id.into()))).unwrap();
    assert_eq!(named("20260302_5c1d_fill.toml", "5c1d"), "fill");
    assert_eq!(named("0000-11-2026-fill_b.toml", "0000-11"), "2026-fill_b");
    assert_eq!(named("20260302_fill_5c1d.toml", "5c1d"), "fill");
    assert_eq!(named("fill-5c1d.toml", "5c1d"), "fill");
    assert_eq!(named("5c1d.toml", "5c1d"), "5c1d");
    assert_eq!(named("20260302_5c1d.toml", "5c1d"), "20260302_5c1d", "a date alone names nothing");
    assert_eq!(named("20260302_refill.toml", "fill"), "refill", "an id is no part of a word");
    assert_eq!(slug(Path::new("20260302_5c1d_fill.toml"), None).unwrap(), "fill");
}

#[test]
fn a_job_takes_defaults_for_all_that_it_leaves_out() {
    let job = job(JOB);
    assert_eq!((job.name.as_str(), job.id()), ("fill", "fill"));
    assert_eq!((job.filter, job.key, job.down), (None, None, None));
    assert_eq!(job.limits, Limits::default());
    assert_eq!(job.batch.target, Duration::from_millis(500));
    assert!(job.verify.totals.is_empty());
}

#[test]
fn a_job_is_read_as_it_is_written() {
    let text = "revision = \"5c1d\"\nrevises = \"3f9a\"\nmessage = \"fill\"\n\
        [job]\ntable = '\"Pay Roll\".Entries'\nkey = ['\"No\"', \"id\"]\nwhere = \"b IS NULL\"\n\
        set = { b = \"a\", '\"A b\"' = \"1\" }\n\
        [batch]\ntarget = \"2s\"\nmin = 10\nmax = 20\n[limits]\nrows_per_second = 7\nwal_per_second = \"20MB\"\n\
        [verify]\ntotals = [\"sum(a) = sum(b)\", \"by c\"]\n[down]\nset = { b = \"NULL\" }\n";
    let read = parse_job(Path::new("jobs/20260302_5c1d_fill_b.toml"), text).unwrap();
    let (job, revision) = (read.job, read.revision.unwrap());
    assert_eq!((job.name.as_str(), job.id()), ("fill_b", "5c1d"));
    assert_eq!(job.table.to_string(), "\"Pay Roll\".entries");
    assert_eq!(job.key, Some(vec![Ident("No".into()), Ident("id".into())]));
    let columns: Vec<_> = job.set.iter().map(|assignment| assignment.column.0.as_str()).collect();
    assert_eq!(columns, ["A b", "b"], "in the order of their names, whatever the file's");
    assert_eq!((job.batch.min, job.batch.max), (10, 20));
    assert_eq!((job.limits.rows_per_second(), job.limits.wal_per_second()), (Some(7), Some(20 << 20)));
    assert_eq!(
        (job.verify.totals[0].to_string(), job.verify.by),
        ("sum(a) = sum(b)".into(), vec!["c".into()])
    );
    assert_eq!(revision.revises, [RevisionId("3f9a".into())]);
}

#[test]
fn a_bound_that_is_given_alone_moves_the_other() {
    let with = |batch: &str| job(&format!("{JOB}[batch]\n{batch}\n")).batch;
    let (small, large) = (with("max = 1"), with("min = 4000000000"));
    assert_eq!((small.min, small.max), (1, 1));
    assert_eq!((large.min, large.max), (4_000_000_000, 4_000_000_000));
}

#[test]
fn a_total_is_split_at_its_own_equals_sign() {
    let total = |text: &str| {
        let file = format!("{JOB}[verify]\ntotals = ['''{text}''']\n");
        parse_job(Path::new("fill.toml"), &file).ok().map(|read| {
            let total = read.job.verify.totals.into_iter().next().unwrap();
            (total.left, total.right)
        })
    };
    let some = |left: &str, right: &str| Some((left.to_owned(), right.to_owned()));
    assert_eq!(total("sum(a) = sum(b)"), some("sum(a)", "sum(b)"));
    assert_eq!(
        total("count(*) FILTER (WHERE a = 'x=)') = count(\"b=\")"),
        some("count(*) FILTER (WHERE a = 'x=)')", "count(\"b=\")")
    );
    for none in ["sum(a)", "sum(a) =", "= sum(b)", "a = b = c", "a <= b", "a != b", "a == b", "a) = (b"] {
        assert_eq!(total(none), None, "{none}");
    }
}

#[test]
fn the_definition_does_not_tell_the_pace_nor_the_order() {
    let other =
        "[job]\nset = { gross_amount = \"gross_pay\" }\ntable = \"Payroll.Entries\"\n[batch]\nmax = 9\n";
    assert_eq!(job(JOB).definition(), job(other).definition());
    assert_ne!(job(JOB).definition(), job(&JOB.replace("gross_pay", "gross_pay + 0")).definition());
}

#[test]
fn a_revision_is_read_with_its_header_and_sections() {
    let text = "-- revision: bbbb\n-- revises: aaaa, cccc\n-- message: a: b\n-- depends:\n-- See: the wiki\n\n\
        -- migrate:up transaction:true\nSELECT 1;\n-- migrate:down\nSELECT 2;\n-- migrate:verify\nSELECT true;\n";
    let (revision, own_header) = parse_revision(Path::new("jobs/1_b.sql"), text).unwrap();
    assert!(own_header);
    assert_eq!(revision.revises, [RevisionId("aaaa".into()), RevisionId("cccc".into())]);
    assert_eq!((revision.message.as_str(), revision.depends.len()), ("a: b", 0));
    let sections = schema(text);
    assert_eq!(sql(&sections.up).trim(), "SELECT 1;");
    assert_eq!(sql(&sections.down.unwrap()).trim(), "SELECT 2;");
    assert_eq!(sections.verify.as_deref().map(str::trim), Some("SELECT true;"));
}

#[test]
fn a_section_counts_lines_as_its_file_does() {
    let text = "-- revision: aaaa\n\n-- migrate:up\n\nSELECT 1;\n-- migrate:down\nSELECT 2;\n";
    let sections = schema(text);
    let line = |section: &str, of: &str| section.lines().position(|line| line == of).map(|at| at + 1);
    assert_eq!(line(sql(&sections.up), "SELECT 1;"), Some(5));
    assert_eq!(line(sql(&sections.down.unwrap()), "SELECT 2;"), Some(7));
}

#[test]
fn a_section_outside_transactions_is_read_statement_by_statement_with_its_lines() {
    let text = "-- revision: aaaa\n-- migrate:up transaction:false\n-- why\nVACUUM;\n\nSELECT ';';\n-- migrate:down\n";
    let Section::Statements(statements) = schema(text).up else { panic!("it is not one transaction") };
    assert_eq!(statements, ["\n\n\nVACUUM", "\n\n\n\n\nSELECT ';'"]);
}

#[test]
fn what_does_something_is_not_taken_back_by_doing_nothing_and_a_merge_is() {
    assert_eq!(schema("-- revision: aaaa\n-- migrate:up\nSELECT 1;\n-- migrate:down\n-- later\n").down, None);
    assert_eq!(schema("-- revision: aaaa\n-- migrate:up\nSELECT 1;\n").down, None);
    assert!(schema("-- revision: aaaa\n-- migrate:up\n").down.is_some());
}

#[test]
fn a_condition_is_a_section_of_its_own() {
    let read = |text: &str| parse_revision(Path::new("jobs/1_a.sql"), text).unwrap().0.condition;
    let condition = read("-- revision: aaaa\n-- migrate:when\nSELECT true;\n-- migrate:up\nSELECT 1;\n");
    assert_eq!(condition.as_deref().map(str::trim), Some("SELECT true;"));
    assert_eq!(read("-- revision: aaaa\n-- migrate:when\n\n-- migrate:up\nSELECT 1;\n"), None);
}

#[test]
fn the_checksum_is_of_the_statements_and_not_of_their_place() {
    let checksum = |text: &str| parse_revision(Path::new("1_a.sql"), text).unwrap().0.checksum;
    let one = checksum("-- revision: aaaa\n-- migrate:up\nSELECT 1;\nSELECT 2;\n");
    assert_eq!(one, checksum("-- revision: aaaa\n-- message: m\n\n--migrate:up\r\nSELECT 1;  \r\nSELECT 2;"));
    assert_ne!(one, checksum("-- revision: aaaa\n-- migrate:up\nSELECT 1;\nSELECT 3;\n"));
}

#[test]
fn a_file_of_dbmate_takes_its_id_from_its_name() {
    let file = Path::new("db/20260302101500_add_gross_amount.sql");
    let (revision, own_header) = parse_revision(file, "-- migrate:up\nSELECT 1;\n-- migrate:down\n").unwrap();
    assert!(!own_header);
    assert_eq!((revision.id.0.as_str(), revision.message.as_str()), ("20260302101500", "add gross amount"));
}

#[test]
fn a_name_of_a_file_falls_into_version_and_slug() {
    let pair = |version: &str, slug: &str| (version.to_owned(), slug.to_owned());
    assert_eq!(parts("20260302_5c1d7e88a0f4_backfill.toml"), pair("20260302", "backfill"));
    assert_eq!(parts("20260302_added_notes.sql"), pair("20260302", "added_notes"));
    assert_eq!(parts("backfill_gross_amount.toml"), pair("", "backfill_gross_amount"));
    assert_eq!(parts("12_short.sql"), pair("", "12_short"));
    assert_eq!(parts("größe.toml"), pair("", "größe"));
}

#[test]
fn a_directory_reads_its_files_in_the_order_of_their_names_and_passes_others_over() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("20260101_b.sql", "-- migrate:up\nSELECT 1;\n");
    write("20260102_c.sql", "-- migrate:up\nSELECT 2;\n");
    write("fill.toml", JOB);
    write("README.md", "no revision");
    std::fs::create_dir(directory.path().join("old.sql")).unwrap();
    let dirs = [directory.path().to_owned()];
    let manifest = Manifest::load(&dirs).unwrap();
    assert_eq!(manifest.graph.order(), ["20260101", "20260102"]);
    assert_eq!(manifest.revision("20260102").unwrap().revises, [RevisionId("20260101".into())]);
    let path = directory.path().join("fill.toml");
    for wanted in ["fill", "fill.toml", path.to_str().unwrap()] {
        assert_eq!(manifest.job(wanted, &dirs).unwrap().name, "fill");
    }
    assert!(
        matches!(manifest.job("fil", &dirs), Err(ManifestError::UnknownJob { hint, .. }) if hint == "did you mean `fill`?")
    );
}

const SCHEMA: &str = "-- revision: 5c1d\n-- revises: 3f9a, 1975\n-- message: größer\n-- labels: pay\n\
    -- depends: net@head\n-- when: SELECT true\n\n-- migrate:up\nCREATE TABLE a (b text DEFAULT 'x;y');\n\
    DO $do$ BEGIN PERFORM 1; END $do$; /* a /* b */ c */\nSELECT E'\\\\'' AS \"odd \"\"name\";\n\
    -- migrate:verify\nSELECT 1;\n-- migrate:down\nDROP TABLE a;\n";

const CONCURRENT: &str = "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (b);\nVACUUM a;\n\
    -- migrate:down transaction:false\nDROP INDEX CONCURRENTLY i;\n";

const WHOLE_JOB: &str = r#"revision = "5c1d"
revises = ["3f9a"]
message = "fill"
labels = ["pay"]
when = "SELECT true"
[job]
kind = "update"
table = '"Pay Roll".entries'
key = ["id", '"No"']
where = "b IS NULL AND c <> ')' -- d"
set = { b = "round(a * 1.1, 2)", '"A b"' = "'x' || (c)" }
[batch]
target = "500ms"
min = 10
max = 20_000
order = "key"
strides = 7
window = "64MB"
[limits]
rows_per_second = 7
wal_per_second = "20MB"
replica_lag = "off"
free_disk = "2%"
[[limits.probe]]
sql = "SELECT count(*) FROM a"
above = 0.5
every = "1s"
[hours]
open = ["Mon-Fri 22:00-05:00", "cron 0 22 * * 5L for 7h"]
blackout = ["2026-12-24"]
zone = "Europe/Berlin"
[verify]
totals = ["sum(a) = sum(b)", "by c"]
[down]
set = { b = "NULL" }
"#;

/// Lines that files are made of, whole and broken, in any order.
fn file_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "(.|\n){0,30}",
        "-- ?(revision|revises|message|labels|depends|migrate): ?[a-f0-9, é]{0,8}",
        "-- ?migrate:(up|down|verify|é)( transaction:(true|false))?",
        r"\[(job|batch|limits|verify|down|hours)\]?",
        r"\[\[limits.probe\]\]",
        r#"(table|set|where|key|kind|free_disk|canary|sql|url|above|undo|target|min|max|totals|restore|revision) = ["'{\[]{0,2}[a-z.()=;é "]{0,12}["'}\]]{0,2}"#,
        r#"set = \{ [a-z"']{1,4} = "[a-z()$;'é]{0,6}" \}"#,
        r#"totals = \["[a-z()=<'é" ]{0,12}"\]"#,
        "table = \"a\"",
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic_and_each_complaint_names_a_line_of_it(text in file_text()) {
        let file = Path::new("jobs/20260302_fill.toml");
        let complaints = [
            parse_job(file, &text).err(),
            parse_revision(file, &text).err(),
            Document::parse(file, &text).err(),
        ];
        for error in complaints.into_iter().flatten() {
            prop_assert!(error.line >= 1 && error.line <= text.split('\n').count(), "{error}");
            prop_assert!(error.column >= 1, "{error}");
            prop_assert!(text.contains(&error.source_line), "{error}");
        }
    }

    #[test]
    fn no_slip_in_a_file_makes_it_panic(schema in nearly(&[SCHEMA, CONCURRENT]), job in nearly(&[JOB, WHOLE_JOB])) {
        for text in [schema, job] {
            for name in ["jobs/20260302_5c1d_fill.toml", "jobs/20260302_5c1d_fill.sql"] {
                let _ = parse_job(Path::new(name), &text).map_err(|error| error.to_string());
                let _ = parse_revision(Path::new(name), &text).map_err(|error| error.to_string());
            }
            let _ = (statements(&text), words(&text), locked_tables(&text));
        }
    }

    #[test]
    fn no_name_of_a_file_makes_it_panic(name in ".{0,30}") {
        let _ = file_name_parts(Path::new(&name));
    }
}
