//! What is known of the database that a revision will meet: read in one query by `pg::lint_facts`, or nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the rules may know beside the statements.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Facts {
    /// Major version of the server.
    pub(crate) version: u32,
    /// The author's session has UTC: `timestamp` and `timestamptz` are the same bytes then.
    pub(crate) is_utc: bool,
    /// A database was asked; else sizes are unknown, and the worst is assumed.
    pub(crate) is_read: bool,
    /// By the name in the statement. Of a database that was asked, what is missing isn't there.
    pub(crate) relations: BTreeMap<String, Relation>,
    /// Types and domains by the name in the statement.
    pub(crate) types: BTreeMap<String, TypeFacts>,
    /// Functions by the name in the statement: whether one of that name is volatile.
    pub(crate) volatile: BTreeMap<String, bool>,
}

/// What to ask a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) relations: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) functions: Vec<String>,
}

/// A table, index or materialized view.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Relation {
    /// With its schema, quoted where it must be.
    pub(crate) qualified: String,
    /// Of an index: its table, with its schema. Else the relation itself.
    pub(crate) table: String,
    /// `pg_class.relkind`.
    pub(crate) kind: char,
    /// Partitions and children with their schemas, however deep.
    pub(crate) children: Vec<String>,
    /// The default partition.
    pub(crate) default_partition: Option<String>,
    /// Rows by the last ANALYZE, partitions and children included; `None`: never analysed.
    pub(crate) rows: Option<u64>,
    /// Bytes of the heap, partitions and children included.
    pub(crate) heap: u64,
    /// Bytes with indexes and TOAST.
    pub(crate) total: u64,
    pub(crate) columns: Vec<Column>,
    pub(crate) constraints: Vec<Constraint>,
    /// Tables with foreign keys to this one.
    pub(crate) referenced_by: Vec<Reference>,
    /// The columns of each valid index, without expressions.
    pub(crate) indexes: Vec<Vec<String>>,
}

/// A column that is there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// As `format_type` writes it.
    pub(crate) type_name: String,
    pub(crate) not_null: bool,
}

/// A foreign key of another table.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Reference {
    /// With its schema.
    pub(crate) table: String,
    /// The columns of this table that it points to.
    pub(crate) columns: Vec<String>,
}

/// A constraint that is there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Constraint {
    pub(crate) name: String,
    /// `pg_constraint.contype`.
    pub(crate) kind: char,
    pub(crate) is_valid: bool,
    pub(crate) columns: Vec<String>,
    /// The table that a foreign key points to.
    pub(crate) references: Option<String>,
    /// As `pg_get_constraintdef` writes it.
    pub(crate) definition: String,
}

/// A type that is there.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct TypeFacts {
    /// It is a domain whose values are checked.
    pub(crate) is_checked: bool,
    /// The tables that have columns of it.
    pub(crate) tables: Vec<String>,
}

impl Facts {
    /// Of no database: the worst is assumed.
    pub(crate) fn unknown(version: u32) -> Self {
        Self {
            version,
            is_utc: false,
            is_read: false,
            relations: BTreeMap::new(),
            types: BTreeMap::new(),
            volatile: BTreeMap::new(),
        }
    }

    /// Whether a function that a default calls gives another value each time.
    pub(crate) fn is_volatile(&self, function: &str) -> bool {
        let bare = function.rsplit('.').next().unwrap_or(function);
        self.volatile.get(function).copied().unwrap_or(!STABLE.contains(&bare))
    }
}

impl Relation {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a valid CHECK says that the column is never NULL: PostgreSQL looks at no row then.
    pub(crate) fn proves_not_null(&self, column: &str) -> bool {
        let says = |constraint: &&Constraint| {
            let sought = format!("CHECK (({column} IS NOT NULL))");
            constraint.kind == 'c' && constraint.is_valid && constraint.definition == sought
        };
        self.column(column).is_some_and(|found| found.not_null) || self.constraints.iter().any(|c| says(&c))
    }

    pub(crate) fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }

    pub(crate) fn is_partitioned(&self) -> bool {
        self.kind == 'p'
    }
}

/// Functions of PostgreSQL that defaults call and that are not volatile, for when no server can be asked.
const STABLE: &[&str] = &[
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "current_setting",
    "current_database",
    "lower",
    "upper",
    "md5",
    "to_char",
    "to_date",
    "to_timestamp",
    "date_trunc",
    "make_date",
    "make_interval",
    "jsonb_build_object",
    "jsonb_build_array",
    "json_build_object",
    "json_build_array",
    "array_fill",
    "coalesce",
    "int4range",
    "int8range",
    "daterange",
    "tsrange",
    "tstzrange",
    "timezone",
];
