//! What statements do, as far as it matters for locks: read by `manifest::lint`, judged here.

use super::lock::LockMode;

/// One statement of a section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    /// Line of its first word, from 1.
    pub(crate) line: usize,
    /// Column of its first word in characters, from 1.
    pub(crate) column: usize,
    /// As it is written, without the semicolon.
    pub(crate) sql: String,
    /// What it does; an `ALTER TABLE` may do several things.
    pub(crate) operations: Vec<Operation>,
}

/// One thing that a statement does. Names are as an author means them, without needless quotes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    /// `ALTER TABLE`, one of its actions.
    Alter { table: String, change: Change },
    /// `CREATE TABLE`, also `AS`; `parents`: what it is a partition of or inherits.
    CreateTable {
        table: String,
        references: Vec<String>,
        partition_of: Option<String>,
        inherits: Vec<String>,
    },
    /// `CREATE TABLE … AS`, `SELECT INTO`, `CREATE MATERIALIZED VIEW`: reads as long as its query takes.
    Fill { relation: String },
    /// `DROP TABLE`, of one table.
    DropTable { table: String },
    /// `TRUNCATE`, of one table.
    Truncate { table: String, cascade: bool },
    /// `CREATE INDEX`.
    CreateIndex { table: String, concurrently: bool, columns: Vec<String>, only: bool },
    /// `DROP INDEX`, of one index.
    DropIndex { index: String, concurrently: bool },
    /// `REINDEX INDEX` or `TABLE`; without a name: more than one table.
    Reindex { name: Option<String>, concurrently: bool },
    /// `CLUSTER`, `VACUUM FULL`, `REPACK`: written anew.
    Repack { table: Option<String>, word: &'static str },
    /// `ANALYZE`, `COMMENT ON TABLE`, `CREATE STATISTICS`: only against other DDL.
    Describe { table: String },
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh { view: String, concurrently: bool },
    /// `CREATE TRIGGER`.
    CreateTrigger { table: String },
    /// `DROP TRIGGER`, `CREATE RULE`, `CREATE POLICY` and their kind: at once, against everybody.
    Attach { table: String, word: &'static str },
    /// `UPDATE` or `DELETE`.
    Write { table: String, word: &'static str, has_where: bool },
    /// `INSERT` from a query, `COPY` into a table: as long as it takes.
    Load { table: String, word: &'static str },
    /// `LOCK TABLE`, of one table.
    Lock { table: String, mode: LockMode },
    /// `ALTER TYPE … ADD VALUE`.
    AddEnumValue { value: String },
    /// `ALTER DOMAIN` that looks at the values there are.
    CheckDomain { domain: String },
    /// `DO`, `CALL`: anything.
    Opaque { word: &'static str },
    /// The parser couldn't read it.
    Unread { problem: String },
    /// Nothing that matters here.
    Harmless,
}

/// One action of `ALTER TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// `ADD COLUMN`.
    AddColumn(NewColumn),
    /// `DROP COLUMN`.
    DropColumn { column: String },
    /// `ALTER COLUMN … TYPE`; `converts`: USING does more than a cast to that type.
    SetType { column: String, to: String, converts: bool },
    /// `SET NOT NULL`.
    SetNotNull { column: String },
    /// `SET EXPRESSION`.
    SetExpression { column: String },
    /// `ADD CONSTRAINT`.
    AddConstraint(NewConstraint),
    /// `VALIDATE CONSTRAINT`.
    Validate { constraint: String },
    /// `DROP CONSTRAINT`.
    DropConstraint { constraint: String },
    /// `RENAME COLUMN`.
    RenameColumn { from: String, to: String },
    /// `RENAME TO`.
    RenameTable { to: String },
    /// `SET LOGGED`, `SET TABLESPACE`, `SET ACCESS METHOD`: the table is written anew.
    Move { word: &'static str },
    /// `ENABLE` and `DISABLE TRIGGER`.
    Triggers,
    /// `SET STATISTICS`, storage parameters, `CLUSTER ON`: only against other DDL.
    Options,
    /// `ATTACH PARTITION`.
    Attach { child: String },
    /// `DETACH PARTITION`.
    Detach { child: String, concurrently: bool },
    /// Anything else: at once, against everybody.
    Other,
}

/// A column of `ADD COLUMN`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that stands there or doesn't")]
pub(crate) struct NewColumn {
    pub(crate) name: String,
    /// As written.
    pub(crate) type_name: String,
    pub(crate) if_not_exists: bool,
    pub(crate) not_null: bool,
    /// The default, as written.
    pub(crate) default: Option<String>,
    /// The functions that the default calls.
    pub(crate) calls: Vec<String>,
    /// `GENERATED … STORED`.
    pub(crate) is_stored: bool,
    /// `GENERATED … AS IDENTITY`, `serial`.
    pub(crate) is_numbered: bool,
    /// `GENERATED … VIRTUAL`.
    pub(crate) is_virtual: bool,
    pub(crate) has_check: bool,
    /// `UNIQUE` or `PRIMARY KEY`.
    pub(crate) unique: Option<&'static str>,
    pub(crate) references: Option<String>,
}

/// A constraint of `ADD CONSTRAINT`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewConstraint {
    pub(crate) name: Option<String>,
    pub(crate) kind: ConstraintKind,
    pub(crate) not_valid: bool,
    /// As it is written after its name.
    pub(crate) body: String,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ConstraintKind {
    Check { not_null_of: Option<String> },
    ForeignKey { columns: Vec<String>, references: String },
    Unique { word: &'static str, columns: Vec<String>, using_index: bool },
    Exclude,
    NotNull { column: String },
}
