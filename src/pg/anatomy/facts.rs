//! What the queries of `anatomy/` tell. Definitions are SQL as PostgreSQL writes it, every name with its schema.

use serde::Deserialize;

use crate::model::{Ident, TableName};
use crate::pg::quote;

/// A table.
#[derive(Clone, Debug, Deserialize)]
pub struct TableFacts {
    /// Its object id.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `pg_class.relkind`.
    pub kind: String,
    /// It is a partition of another.
    pub is_partition: bool,
    /// `pg_class.relreplident`.
    pub replica_identity: String,
    /// Tables that inherit from it, partitions included.
    pub children: u32,
    /// Tables that it inherits from.
    pub parents: u32,
    /// Rows, by the last ANALYZE.
    pub rows: u64,
    /// Bytes, TOAST included and indexes not.
    pub bytes: u64,
    /// A subscription writes to it.
    pub is_subscribed: bool,
    /// Its columns.
    pub columns: Vec<String>,
    /// The columns of its primary key.
    pub primary_key: Option<Vec<String>>,
    /// Names of relations in its schema.
    pub relations: Vec<String>,
    /// Names of its constraints.
    pub constraints: Vec<String>,
    /// Names of functions in its schema.
    pub functions: Vec<String>,
    /// Words that must be quoted to be names.
    pub keywords: Vec<String>,
    /// `server_version_num`.
    pub version: u32,
}

impl TableFacts {
    /// The table, quoted.
    #[must_use]
    pub fn quoted(&self) -> String {
        let (schema, table) = (Some(Ident(self.schema.clone())), Ident(self.name.clone()));
        quote::table(&TableName { schema, table })
    }
}

/// A column.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the catalog's")]
pub struct ColumnFacts {
    /// `attnum`.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// Its type with its modifier.
    pub type_name: String,
    /// Its collation where it isn't its type's.
    pub collation: Option<String>,
    /// Its type has collations.
    pub is_collatable: bool,
    /// Its default.
    pub default: Option<String>,
    /// NOT NULL.
    pub not_null: bool,
    /// `GENERATED ALWAYS AS (…)`.
    pub generated: bool,
    /// `GENERATED … AS IDENTITY`.
    pub identity: Option<Identity>,
    /// COMMENT ON.
    pub comment: Option<String>,
    /// SET STATISTICS.
    pub statistics: Option<i32>,
    /// SET (…).
    pub options: Vec<String>,
    /// SET STORAGE where it isn't its type's.
    pub storage: Option<String>,
    /// Its values can be stored out of line.
    pub is_toastable: bool,
    /// SET COMPRESSION.
    pub compression: Option<String>,
    /// Rights on the column itself.
    pub grants: Vec<Grant>,
    /// It comes from a parent.
    pub is_inherited: bool,
    /// The table is partitioned by it.
    pub is_partition_key: bool,
    /// `IS DISTINCT FROM` says all about two values of it, whatever the search path.
    pub is_plain: bool,
    /// A sequence that belongs to it.
    pub sequence: Option<Sequence>,
}

/// `GENERATED … AS IDENTITY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Identity {
    /// `ALWAYS`
    #[serde(rename = "a")]
    Always,
    /// `BY DEFAULT`
    #[serde(rename = "d")]
    ByDefault,
}

/// A right on a column.
#[derive(Clone, Debug, Deserialize)]
pub struct Grant {
    /// Who has it, as SQL writes it.
    pub role: String,
    /// `select`, `insert`, `update` or `references`.
    pub privilege: String,
    /// WITH GRANT OPTION.
    pub grantable: bool,
}

impl Grant {
    /// `GRANT`, on a view or table, or on that column of it; names as SQL writes them.
    #[must_use]
    pub fn statement(&self, on: &str, column: Option<&str>) -> String {
        let column = column.map(|column| format!(" ({column})")).unwrap_or_default();
        let option = if self.grantable { " with grant option" } else { "" };
        format!("grant {}{column} on {on} to {}{option}", self.privilege, self.role)
    }
}

/// A sequence that belongs to a column.
#[derive(Clone, Debug, Deserialize)]
pub struct Sequence {
    /// Its name as SQL writes it.
    pub name: String,
    /// OWNED BY; an identity column's isn't.
    pub owned: bool,
    /// START.
    pub start: i64,
    /// INCREMENT.
    pub increment: i64,
    /// MINVALUE.
    pub min: i64,
    /// MAXVALUE.
    pub max: i64,
    /// CACHE.
    pub cache: i64,
    /// CYCLE.
    pub cycle: bool,
}

/// An index.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the catalog's")]
pub struct Index {
    /// Its object id.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// `CREATE INDEX …`
    pub definition: String,
    /// UNIQUE.
    pub is_unique: bool,
    /// It was built to its end.
    pub is_valid: bool,
    /// CLUSTER goes by it.
    pub is_clustered: bool,
    /// REPLICA IDENTITY USING INDEX.
    pub is_replica_identity: bool,
    /// It is a partitioned table's.
    pub is_partitioned: bool,
    /// The partitions' indexes of it.
    pub leaves: Vec<Leaf>,
    /// Its tablespace where it isn't the database's, as SQL writes it.
    pub tablespace: Option<String>,
    /// COMMENT ON INDEX.
    pub comment: Option<String>,
    /// SET STATISTICS of its columns, by number.
    pub statistics: Vec<(i16, i32)>,
    /// The constraint that it serves.
    pub constraint: Option<IndexConstraint>,
}

impl Index {
    /// It is EXCLUDE's, or that of a key WITHOUT OVERLAPS: none that can be built apart from its constraint.
    #[must_use]
    pub fn is_excluding(&self) -> bool {
        self.constraint.as_ref().is_some_and(|constraint| {
            constraint.kind == "x" || constraint.definition.contains(" WITHOUT OVERLAPS")
        })
    }
}

/// A partition's index of a partitioned table's.
#[derive(Clone, Debug, Deserialize)]
pub struct Leaf {
    /// The partition, as SQL writes it.
    pub table: String,
    /// The schema of both.
    pub schema: String,
    /// The index.
    pub index: String,
    /// The partition is partitioned itself.
    pub is_partitioned: bool,
}

/// PRIMARY KEY, UNIQUE or EXCLUDE.
#[derive(Clone, Debug, Deserialize)]
pub struct IndexConstraint {
    /// Its name.
    pub name: String,
    /// `p`, `u` or `x`.
    pub kind: String,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub deferred: bool,
    /// COMMENT ON CONSTRAINT.
    pub comment: Option<String>,
    /// What follows ADD CONSTRAINT and its name.
    pub definition: String,
}

/// A CHECK constraint.
#[derive(Clone, Debug, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What follows ADD CONSTRAINT and its name.
    pub definition: String,
    /// It holds for all rows.
    pub is_validated: bool,
    /// COMMENT ON CONSTRAINT.
    pub comment: Option<String>,
}

/// A foreign key.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the catalog's")]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The table that it is on, as SQL writes it.
    pub table: String,
    /// The column is one of those that refer.
    pub is_own: bool,
    /// The column is one of those that are referred to.
    pub refers_here: bool,
    /// What follows ADD CONSTRAINT and its name.
    pub definition: String,
    /// The table that it refers to, as SQL writes it.
    pub referenced: String,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The columns that are referred to.
    pub referenced_columns: Vec<String>,
    /// `ON DELETE SET NULL (…)` names columns.
    pub sets: bool,
    /// It holds for all rows.
    pub is_validated: bool,
    /// One of its tables is partitioned.
    pub is_partitioned: bool,
    /// Names of constraints of the table that it is on.
    pub taken: Vec<String>,
    /// COMMENT ON CONSTRAINT.
    pub comment: Option<String>,
}

/// A trigger.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the catalog's")]
pub struct Trigger {
    /// Its object id.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// `CREATE TRIGGER …`
    pub definition: String,
    /// `pg_trigger.tgenabled`.
    pub enabled: String,
    /// It is a constraint's.
    pub is_constraint: bool,
    /// BEFORE INSERT or UPDATE, FOR EACH ROW: one of those among which the order matters.
    pub fires_with_sync: bool,
    /// The columns of UPDATE OF.
    pub update_of: Vec<String>,
    /// UPDATE OF or WHEN names the column.
    pub names_column: bool,
    /// It has a WHEN.
    pub has_condition: bool,
    /// COMMENT ON TRIGGER.
    pub comment: Option<String>,
    /// Its function's object id.
    pub function: u32,
    /// Its function's name, as SQL writes it.
    pub function_name: String,
    /// COST of its function.
    pub function_cost: f32,
}

/// A policy.
#[derive(Clone, Debug, Deserialize)]
pub struct Policy {
    /// Its object id.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// USING.
    pub using: Option<String>,
    /// WITH CHECK.
    pub check: Option<String>,
}

/// A view.
#[derive(Clone, Debug, Deserialize)]
pub struct View {
    /// Its object id.
    pub oid: u32,
    /// Its name as SQL writes it.
    pub name: String,
    /// It reads the column itself.
    pub is_direct: bool,
    /// Relations that it stands on.
    pub stands_on: Vec<u32>,
    /// It holds its rows.
    pub is_materialized: bool,
    /// WITH (…).
    pub options: Vec<String>,
    /// Its columns as SQL writes them.
    pub columns: Vec<String>,
    /// Whose it is, as SQL writes it.
    pub owner: String,
    /// COMMENT ON VIEW.
    pub comment: Option<String>,
    /// Rights on it, but for its owner's.
    pub grants: Vec<Grant>,
    /// What would be lost if it were dropped and made again, in PostgreSQL's words.
    pub attached: Vec<String>,
    /// Its query.
    pub definition: String,
}

/// CREATE STATISTICS.
#[derive(Clone, Debug, Deserialize)]
pub struct StatisticsObject {
    /// Its object id.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `ndistinct`, `dependencies`, `mcv`; those of expressions aren't told.
    pub kinds: Vec<String>,
    /// What follows ON.
    pub columns: String,
    /// SET STATISTICS.
    pub target: Option<i32>,
    /// COMMENT ON STATISTICS.
    pub comment: Option<String>,
}

/// A publication that the table is in.
#[derive(Clone, Debug, Deserialize)]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// The columns that it publishes, as SQL writes them; `None`: all.
    pub columns: Option<Vec<String>>,
    /// Its columns or its condition name the column.
    pub names_column: bool,
    /// WHERE.
    pub condition: Option<String>,
}

/// A function or procedure.
#[derive(Clone, Debug, Deserialize)]
pub struct Function {
    /// Its object id.
    pub oid: u32,
    /// Its name with its arguments, as SQL writes it.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its text.
    pub body: String,
    /// `CREATE OR REPLACE FUNCTION …`
    pub definition: Option<String>,
    /// A trigger of the table calls it.
    pub fires_here: bool,
    /// A trigger of another table calls it.
    pub fires_elsewhere: bool,
}
