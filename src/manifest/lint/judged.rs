//! Statements as `plan::lint` judges them: read here, for `plan` reads no SQL.

use super::read_for_lint;
use crate::plan::lint::facts::{Column, Constraint, Facts, Relation};
use crate::plan::lint::judge;
use crate::plan::lint::scene::Scene;

const LARGE: u64 = 8 << 30;

/// A database with the table `t`, of so many bytes.
fn database(bytes: u64) -> Facts {
    let column = |name: &str, type_name: &str| Column {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        not_null: false,
    };
    let table = Relation {
        qualified: "public.t".to_owned(),
        table: "public.t".to_owned(),
        kind: 'r',
        rows: Some(bytes / 100),
        heap: bytes,
        total: bytes * 2,
        columns: vec![column("a", "integer"), column("b", "integer"), column("v", "character varying(10)")],
        constraints: vec![Constraint {
            name: "b_known".to_owned(),
            kind: 'c',
            is_valid: true,
            columns: vec!["b".to_owned()],
            references: None,
            definition: "CHECK ((b IS NOT NULL))".to_owned(),
        }],
        indexes: vec![vec!["a".to_owned(), "b".to_owned()]],
        ..Relation::default()
    };
    let mut facts = Facts { is_read: true, ..Facts::unknown(17) };
    let other = Relation { qualified: "public.r".to_owned(), table: "public.r".to_owned(), ..table.clone() };
    facts.relations.extend([("t".to_owned(), table), ("r".to_owned(), other)]);
    facts
}

fn found(sql: &str, facts: &Facts) -> Vec<String> {
    let file = read_for_lint(sql);
    let report = judge(&file.sections[0], &file.allows, &mut Scene::new(facts));
    report.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.level.word())).collect()
}

#[test]
fn what_keeps_others_waiting_on_a_large_table_is_dangerous_and_on_a_small_one_a_note() {
    for (sql, rule) in [
        ("ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()", "add-column-rewrite"),
        ("ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY", "add-column-rewrite"),
        ("ALTER TABLE t ADD c int GENERATED ALWAYS AS (a) STORED", "add-column-rewrite"),
        ("ALTER TABLE t ADD c int CHECK (c > 0)", "add-column-check"),
        ("ALTER TABLE t ADD c int UNIQUE", "add-column-unique"),
        ("ALTER TABLE t ALTER a TYPE bigint", "change-type"),
        ("ALTER TABLE t ALTER a SET NOT NULL", "set-not-null"),
        ("ALTER TABLE t ADD CHECK (a > 0)", "add-check"),
        ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r (a)", "add-foreign-key"),
        ("ALTER TABLE t ADD UNIQUE (a)", "add-unique"),
        ("ALTER TABLE t ADD EXCLUDE USING gist (a WITH =)", "add-unique"),
        ("ALTER TABLE t SET TABLESPACE fast", "move-table"),
        ("CREATE INDEX i ON t (a)", "create-index"),
        ("REINDEX TABLE t", "reindex"),
        ("CLUSTER t", "repack"),
        ("ALTER TABLE t RENAME a TO c", "rename"),
        ("UPDATE t SET a = 1", "bulk-write"),
    ] {
        assert_eq!(found(sql, &database(LARGE)), [format!("{rule} danger")], "{sql}");
    }
    for (sql, rule) in [
        ("ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()", "add-column-rewrite"),
        ("ALTER TABLE t ALTER a SET NOT NULL", "set-not-null"),
        ("CREATE INDEX i ON t (a)", "create-index"),
        ("UPDATE t SET a = 1", "bulk-write"),
    ] {
        assert_eq!(found(sql, &database(8_192)), [format!("{rule} note")], "{sql}");
    }
}

#[test]
fn what_keeps_nobody_waiting_is_not_found() {
    for sql in [
        "ALTER TABLE t ADD c int",
        "ALTER TABLE t ADD c timestamptz NOT NULL DEFAULT now()",
        "ALTER TABLE t ALTER b SET NOT NULL",
        "ALTER TABLE t ALTER v TYPE varchar(20)",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT b_known",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i",
        "ALTER TABLE t SET (fillfactor = 90)",
        "CREATE TABLE n (id int); ALTER TABLE n ADD u uuid DEFAULT gen_random_uuid(); CREATE INDEX ON n (u)",
        "INSERT INTO t VALUES (1)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'UPDATE t SET a = 1'",
    ] {
        assert!(found(sql, &database(LARGE)).is_empty(), "{sql}: {:?}", found(sql, &database(LARGE)));
    }
}

#[test]
fn what_is_dangerous_only_beside_others_is_found_there() {
    let facts = database(LARGE);
    let together =
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k";
    assert_eq!(found(together, &facts), ["validate-in-same-transaction danger"]);
    let apart = format!("-- migrate:up transaction:false\n{together}");
    assert!(found(&apart, &facts).is_empty());
    let after = "ALTER TABLE t ADD c int; UPDATE r SET a = 1 WHERE b = 2";
    assert_eq!(found(after, &facts), ["long-after-lock warning", "bulk-write warning"]);
    let build = "ALTER TABLE r ADD c int; CREATE INDEX ON t (a)";
    assert_eq!(found(build, &facts), ["create-index danger", "long-after-lock danger"]);
    let value = "ALTER TYPE kind ADD VALUE 'new' AFTER 'old'; UPDATE x SET k = 'new'";
    assert_eq!(found(value, &facts), ["enum-value-used danger"]);
    assert_eq!(found("CREATE INDEX CONCURRENTLY ON t (a)", &facts), ["concurrently-in-transaction danger"]);
}

#[test]
fn a_proof_of_an_earlier_revision_spares_the_look() {
    let facts = database(LARGE);
    let mut scene = Scene::new(&facts);
    let mut next = |sql: &str| {
        let file = read_for_lint(sql);
        judge(&file.sections[0], &[], &mut scene).findings.len()
    };
    assert_eq!(next("ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID"), 0);
    assert_eq!(next("ALTER TABLE t VALIDATE CONSTRAINT k"), 0);
    assert_eq!(next("ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP CONSTRAINT k"), 0);
    assert_eq!(next("ALTER TABLE t ALTER v SET NOT NULL"), 1);
}

#[test]
fn what_fails_or_is_missing_is_said() {
    let facts = database(LARGE);
    assert_eq!(found("ALTER TABLE t ADD c int NOT NULL", &facts), ["required-column danger"]);
    assert_eq!(
        found("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (v) REFERENCES r (v) NOT VALID", &facts),
        ["foreign-key-index warning"]
    );
    assert_eq!(found("DROP TABLE t", &facts), ["lose-data note"]);
    assert_eq!(found("DO $$ BEGIN END $$", &facts), ["not-looked-into note"]);
    assert_eq!(found("ALTER TABEL t ADD c int", &facts), ["not-understood warning"]);
}
