//! Everything in a database as text, so that two states of it can be compared: `check --roundtrip` goes up, down and
//! up again and compares. One file a kind of object in `inventory/`; only `pg_catalog` is read, no table is locked.
//!
//! What is not told: data and the values of sequences; what belongs to the server rather than the database (roles,
//! tablespaces, settings of databases and roles, subscriptions); what an extension brought; security labels.

mod difference;

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Error, IsolationLevel, Transaction};

pub use difference::Difference;

/// How each kind's query begins and ends.
const SCOPE: &str = include_str!("inventory/scope.sql");
const NAME: &str = include_str!("inventory/name.sql");

/// The kinds of objects that every version has.
const KINDS: &[&str] = &[
    include_str!("inventory/access_methods.sql"),
    include_str!("inventory/aggregates.sql"),
    include_str!("inventory/base_types.sql"),
    include_str!("inventory/casts.sql"),
    include_str!("inventory/collations.sql"),
    include_str!("inventory/columns.sql"),
    include_str!("inventory/composite_types.sql"),
    include_str!("inventory/constraints.sql"),
    include_str!("inventory/default_privileges.sql"),
    include_str!("inventory/domains.sql"),
    include_str!("inventory/enums.sql"),
    include_str!("inventory/event_triggers.sql"),
    include_str!("inventory/extended_statistics.sql"),
    include_str!("inventory/extensions.sql"),
    include_str!("inventory/foreign.sql"),
    include_str!("inventory/functions.sql"),
    include_str!("inventory/indexes.sql"),
    include_str!("inventory/languages.sql"),
    include_str!("inventory/operators.sql"),
    include_str!("inventory/policies.sql"),
    include_str!("inventory/publications.sql"),
    include_str!("inventory/range_types.sql"),
    include_str!("inventory/rules.sql"),
    include_str!("inventory/schemas.sql"),
    include_str!("inventory/sequences.sql"),
    include_str!("inventory/tables.sql"),
    include_str!("inventory/text_search.sql"),
    include_str!("inventory/triggers.sql"),
    include_str!("inventory/views.sql"),
];

/// What PostgreSQL 14 publishes: tables only.
const PUBLISHED_14: &[&str] = &[include_str!("inventory/published_tables_14.sql")];

/// What later ones publish.
const PUBLISHED: &[&str] =
    &[include_str!("inventory/published_schemas.sql"), include_str!("inventory/published_tables.sql")];

/// What hangs on objects of any kind, and how it is called there.
const ATTACHED: &[(&str, &str)] = &[
    ("comment on", include_str!("inventory/comments.sql")),
    ("grants on", include_str!("inventory/grants.sql")),
];

/// The objects of a database, each with its definition: one property a line, or SQL as PostgreSQL writes it.
///
/// An object's name is its kind and its full name, as in `table column payroll.entries.gross_amount` or `table
/// constraint entries_pkey on payroll.entries`; `comment on …` and `grants on …` stand apart from it. Neither object
/// ids nor the order of a table's columns are in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    objects: BTreeMap<String, String>,
}

/// Class, object and part of it, as `pg_description` has them.
type Address = (u32, u32, i32);

impl Inventory {
    /// Takes the inventory in a read-only transaction of its own, so the client must not be in one. Schemas named in
    /// `leave_out` (as the catalog has them, not quoted) and what is in them are left out, and so are PostgreSQL's.
    /// Any role sees the same, except that a user mapping's options are for its owner.
    pub async fn take(client: &mut Client, leave_out: &[&str]) -> Result<Self, Error> {
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        transaction.query_one(include_str!("inventory/settings.sql"), &[]).await?;
        let names = names(&transaction, leave_out).await?;
        let mut objects = BTreeMap::new();
        for (what, sql) in ATTACHED {
            for row in transaction.query(*sql, &[]).await? {
                let address: Address = (row.get("class"), row.get("oid"), row.get("sub"));
                if let Some((name, _)) = names.get(&address) {
                    objects.insert(format!("{what} {name}"), row.get("text"));
                }
            }
        }
        objects.extend(names.into_values());
        transaction.commit().await?;
        Ok(Self { objects })
    }

    /// Each object's name and definition, by name.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &str)> {
        self.objects.iter().map(|(name, definition)| (name.as_str(), definition.as_str()))
    }

    /// The object's definition, if it is there.
    #[must_use]
    pub fn definition(&self, object: &str) -> Option<&str> {
        self.objects.get(object).map(String::as_str)
    }

    /// What it takes to get from this state to the other, by the objects' names; nothing when they are equal.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Vec<Difference> {
        difference::between(&self.objects, &other.objects)
    }
}

/// Each object's name and definition, by its address.
async fn names(
    transaction: &Transaction<'_>,
    leave_out: &[&str],
) -> Result<HashMap<Address, (String, String)>, Error> {
    let version: i32 =
        transaction.query_one("SELECT current_setting('server_version_num')::int4", &[]).await?.get(0);
    let published = if version < 150_000 { PUBLISHED_14 } else { PUBLISHED };
    let queries = KINDS.iter().chain(published).map(|kind| {
        let sql = format!("{SCOPE}, object (class, oid, sub, definition) AS (\n{kind}\n)\n{NAME}");
        async move { transaction.query(&sql, &[&leave_out]).await }
    });
    // Sent without waiting for each other's answers.
    let kinds = try_join_all(queries).await?;
    Ok(kinds
        .iter()
        .flatten()
        .map(|row| {
            ((row.get("class"), row.get("oid"), row.get("sub")), (row.get("name"), row.get("definition")))
        })
        .collect())
}
