//! How definitions read once a column is renamed: PostgreSQL renames it in an empty copy of the table, in a schema of its
//! own and a transaction that is rolled back. No SQL is parsed here, and the table itself is only looked at.

use std::collections::{HashMap, HashSet};

use tokio_postgres::{Client, Error, Row};

use super::{Anatomy, Check, ColumnFacts};
use crate::pg::quote::quoted;
use crate::pg::search_path::{AS_AUTHOR, AS_OURSELVES};

/// Definitions with the column's new name, by object id or name; what PostgreSQL wouldn't take for the copy is told instead.
#[derive(Clone, Debug, Default)]
pub struct Renamed {
    /// `CREATE INDEX …`
    pub indexes: HashMap<u32, Definition>,
    /// What follows ADD CONSTRAINT and its name.
    pub checks: HashMap<String, Definition>,
    /// `CREATE TRIGGER …`
    pub triggers: HashMap<u32, Definition>,
    /// `USING (…) WITH CHECK (…)`
    pub policies: HashMap<u32, Definition>,
    /// Queries of views.
    pub views: HashMap<u32, Definition>,
    /// What follows ON in CREATE STATISTICS.
    pub statistics: HashMap<u32, Definition>,
    /// Conditions of publications, in parentheses.
    pub publications: HashMap<String, Definition>,
    /// The column's default is another value each time.
    pub default_varies: bool,
    /// A column of its type can't be added without writing the table anew.
    pub adding_rewrites: bool,
    /// Views whose columns get other types.
    pub retyped_views: HashSet<u32>,
    /// The column as it is in the copy.
    pub column: Option<ColumnFacts>,
}

/// What is tried on the copy.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'t> {
    /// The column's other name.
    pub name: &'t str,
    /// Its other type, and the expression that makes its values.
    pub retyping: Option<(&'t str, &'t str)>,
}

/// The definition, or what PostgreSQL said to it.
pub type Definition = Result<String, String>;

/// An object to be made in the copy, and how to read it there.
struct Piece {
    place: Place,
    create: String,
    read: String,
}

/// What a piece stands for.
enum Place {
    Index(u32),
    Check(String),
    Trigger(u32),
    Policy(u32),
    View(u32),
    Statistics(u32),
    Publication(String),
}

/// Renames the column in a copy. The session must look into `pg_catalog` alone and be in no transaction, and its
/// role may make schemas.
pub async fn renamed(client: &Client, anatomy: &Anatomy, trial: Trial<'_>) -> Result<Renamed, Error> {
    let copy = format!("longhaul_scratch_{}", uuid::Uuid::new_v4().simple());
    let result = in_transaction(client, anatomy, trial, &copy).await;
    client.batch_execute("ROLLBACK").await?;
    result
}

async fn in_transaction(
    client: &Client,
    anatomy: &Anatomy,
    trial: Trial<'_>,
    copy: &str,
) -> Result<Renamed, Error> {
    let schema = &anatomy.table.schema;
    let clone = format!("{copy}.{}", quoted(&anatomy.table.name));
    let original = anatomy.table.quoted();
    client
        .batch_execute(&format!(
            "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '30s'; CREATE SCHEMA {copy}; \
             CREATE TABLE {clone} (LIKE {original}); SET LOCAL search_path = {}",
            quoted(schema)
        ))
        .await?;
    if let Some(retyping) = trial.retyping {
        retype(client, anatomy, &clone, retyping).await?;
        client.batch_execute(&format!("SET LOCAL search_path = {}", quoted(schema))).await?;
    }
    let pieces = pieces(client, anatomy, copy, &clone).await?;
    client.batch_execute(&format!("SET LOCAL search_path = {copy}, {}", quoted(schema))).await?;
    let mut refused: HashMap<usize, String> = HashMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        client.batch_execute("SAVEPOINT piece").await?;
        if let Err(error) = client.batch_execute(&piece.create).await {
            let said =
                error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
            refused.insert(at, said);
            client.batch_execute("ROLLBACK TO piece").await?;
        }
    }
    let old = quoted(&anatomy.column.name);
    client
        .batch_execute(&format!(
            "ALTER TABLE {clone} RENAME COLUMN {old} TO {}; SET LOCAL search_path = pg_catalog, pg_temp",
            quoted(trial.name)
        ))
        .await?;
    let mut renamed =
        Renamed { default_varies: default_varies(client, anatomy, &clone).await?, ..Renamed::default() };
    renamed.column = facts(client, &clone, trial.name).await?;
    renamed.adding_rewrites = adding_rewrites(client, &clone, renamed.column.as_ref()).await?;
    for view in anatomy.views.iter().filter(|view| view.is_direct) {
        let types = |of: &str| {
            format!(
                "(SELECT array_agg((atttypid, atttypmod)::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = {of} AND attnum > 0)"
            )
        };
        let name = regclass(&format!("{copy}.view_{}", view.oid)).replace("::pg_catalog.regclass", "");
        let sql = format!(
            "SELECT {} IS DISTINCT FROM {}",
            types(&view.oid.to_string()),
            types(&format!("to_regclass({name})"))
        );
        if client.query_one(&sql, &[]).await?.get(0) {
            renamed.retyped_views.insert(view.oid);
        }
    }
    for (at, piece) in pieces.into_iter().enumerate() {
        let definition = if let Some(said) = refused.remove(&at) {
            Err(said)
        } else {
            let read: String = client.query_one(&piece.read, &[]).await?.get(0);
            Ok(read.replace(&format!("{copy}."), &format!("{}.", anatomy.quoting().name(schema))))
        };
        match piece.place {
            Place::Index(oid) => renamed.indexes.insert(oid, definition),
            Place::Trigger(oid) => renamed.triggers.insert(oid, definition),
            Place::Policy(oid) => renamed.policies.insert(oid, definition),
            Place::View(oid) => renamed.views.insert(oid, definition),
            Place::Statistics(oid) => renamed.statistics.insert(oid, definition),
            Place::Check(name) => renamed.checks.insert(name, definition),
            Place::Publication(name) => renamed.publications.insert(name, definition),
        };
    }
    Ok(renamed)
}

/// Gives the copy's column the other type. PostgreSQL would take its collation away: it is kept where the type has any.
async fn retype(
    client: &Client,
    anatomy: &Anatomy,
    clone: &str,
    (type_name, using): (&str, &str),
) -> Result<(), Error> {
    let column = quoted(&anatomy.column.name);
    let alter = format!("ALTER TABLE {clone} ALTER COLUMN {column} TYPE {type_name}");
    client.batch_execute(&format!("{AS_AUTHOR}; {alter} USING {using}")).await?;
    let found = facts(client, clone, &anatomy.column.name).await?;
    match &anatomy.column.collation {
        Some(collation) if found.is_some_and(|column| column.is_collatable) => {
            client.batch_execute(&format!("{alter} COLLATE {collation}")).await
        }
        _ => Ok(()),
    }
}

/// A column of the copy.
async fn facts(client: &Client, clone: &str, name: &str) -> Result<Option<ColumnFacts>, Error> {
    let oid: u32 =
        client.query_one(&format!("SELECT {}::pg_catalog.oid", regclass(clone)), &[]).await?.get(0);
    // The path may be the table's schema here; what is asked is ours.
    client.batch_execute("SAVEPOINT ours; SET LOCAL search_path = pg_catalog, pg_temp").await?;
    let row = client.query_opt(include_str!("column.sql"), &[&oid, &name]).await?;
    client.batch_execute("ROLLBACK TO ours").await?;
    Ok(row.map(|row| super::parsed(row.get(0))))
}

/// The name as a `regclass`.
fn regclass(name: &str) -> String {
    format!("{}::pg_catalog.regclass", crate::pg::quote::literal(name))
}

/// Whether PostgreSQL would write the table or one of its indexes anew to give the column this type; also when it can't do
/// it by itself. Tried on an empty copy: the files change there too.
pub async fn rewrites(client: &Client, anatomy: &Anatomy, type_name: &str) -> Result<bool, Error> {
    let copy = format!("longhaul_scratch_{}", uuid::Uuid::new_v4().simple());
    let clone = format!("{copy}.{}", quoted(&anatomy.table.name));
    let original = anatomy.table.quoted();
    let files = format!(
        "SELECT string_agg(concat(relname, ' ', pg_relation_filenode(oid)), ',' ORDER BY relname) FROM pg_class \
         WHERE oid = {0} OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = {0})",
        regclass(&clone)
    );
    let tried = async {
        client
            .batch_execute(&format!(
                "BEGIN; SET LOCAL lock_timeout = '2s'; CREATE SCHEMA {copy}; \
                 CREATE TABLE {clone} (LIKE {original} INCLUDING INDEXES)"
            ))
            .await?;
        let before: String = client.query_one(&files, &[]).await?.get(0);
        let retype =
            format!("ALTER TABLE {clone} ALTER COLUMN {} TYPE {type_name}", quoted(&anatomy.column.name));
        if let Err(error) = client.batch_execute(&format!("{AS_AUTHOR}; {retype}")).await {
            return if error.code().is_some() { Ok(true) } else { Err(error) };
        }
        client.batch_execute(AS_OURSELVES).await?;
        let after: String = client.query_one(&files, &[]).await?.get(0);
        Ok(before != after)
    };
    let tried = tried.await;
    client.batch_execute("ROLLBACK").await?;
    tried
}

/// Whether the default is another value each time: PostgreSQL then keeps none for the rows that are there, `pgroll`'s way of
/// asking.
async fn default_varies(client: &Client, anatomy: &Anatomy, clone: &str) -> Result<bool, Error> {
    let Some(default) = &anatomy.column.default else { return Ok(false) };
    client
        .batch_execute(&format!(
            "ALTER TABLE {clone} ADD COLUMN {} {} DEFAULT {default}",
            quoted(PROBE),
            anatomy.column.type_name
        ))
        .await?;
    let sql = format!(
        "SELECT NOT atthasmissing FROM pg_attribute WHERE attrelid = {}::pg_catalog.regclass AND attname = '{PROBE}'",
        crate::pg::quote::literal(clone)
    );
    Ok(client.query_one(&sql, &[]).await?.get(0))
}

/// Whether PostgreSQL writes the copy anew to add another column like this.
async fn adding_rewrites(client: &Client, clone: &str, column: Option<&ColumnFacts>) -> Result<bool, Error> {
    let Some(column) = column else { return Ok(false) };
    let file = format!("SELECT pg_catalog.pg_relation_filenode({})", regclass(clone));
    let before: Option<u32> = client.query_one(&file, &[]).await?.get(0);
    let probe = quoted("longhaul probe of its type");
    let add = format!("ALTER TABLE {clone} ADD COLUMN {probe} {}", column.type_name);
    client.batch_execute(&format!("SAVEPOINT adding; {add}")).await?;
    let after: Option<u32> = client.query_one(&file, &[]).await?.get(0);
    client.batch_execute("ROLLBACK TO adding").await?;
    Ok(before != after)
}

/// No table has such a column.
const PROBE: &str = "longhaul probe of its default";

/// What is made in the copy. Definitions are read here with the table's schema as the path, so that the table's bare name
/// means the copy when they are run.
async fn pieces(client: &Client, anatomy: &Anatomy, copy: &str, clone: &str) -> Result<Vec<Piece>, Error> {
    let here = async |call: String| -> Result<Row, Error> { client.query_one(&call, &[]).await };
    let text = |text: &str| crate::pg::quote::literal(text);
    let mut pieces = Vec::new();
    for index in anatomy.indexes.iter().filter(|index| !index.is_excluding()) {
        let row = here(format!("SELECT pg_catalog.pg_get_indexdef({}::pg_catalog.oid, 0, true)", index.oid))
            .await?;
        let create: String = row.get(0);
        // The copy is no partitioned table, whatever the original is.
        let create = create.replacen(" ON ONLY ", " ON ", 1);
        let read = format!(
            "SELECT pg_get_indexdef({}, 0, true)",
            regclass(&format!("{copy}.{}", quoted(&index.name)))
        );
        pieces.push(Piece { place: Place::Index(index.oid), create, read });
    }
    for Check { name, definition, .. } in &anatomy.checks {
        pieces.push(check(Place::Check(name.clone()), name, definition, clone));
    }
    for trigger in anatomy.triggers.iter().filter(|trigger| trigger.names_column) {
        let row = here(format!("SELECT pg_catalog.pg_get_triggerdef({}::pg_catalog.oid, true)", trigger.oid))
            .await?;
        let read = format!(
            "SELECT pg_get_triggerdef(oid, true) FROM pg_trigger WHERE tgrelid = {} AND tgname = {}",
            regclass(clone),
            text(&trigger.name)
        );
        pieces.push(Piece { place: Place::Trigger(trigger.oid), create: row.get(0), read });
    }
    for policy in &anatomy.policies {
        let clauses = policy_clauses(
            &here(policy_query(
                "pg_catalog.pg_policy",
                &format!("oid OPERATOR(pg_catalog.=) {}::pg_catalog.oid", policy.oid),
            ))
            .await?,
        );
        let create = format!("CREATE POLICY {} ON {clone} {clauses}", quoted(&policy.name));
        let read = policy_query(
            "pg_policy",
            &format!("polrelid = {} AND polname = {}", regclass(clone), text(&policy.name)),
        );
        let read = format!(
            "SELECT concat_ws(' ', 'USING (' || u || ')', 'WITH CHECK (' || c || ')') FROM ({read}) AS p (u, c)"
        );
        pieces.push(Piece { place: Place::Policy(policy.oid), create, read });
    }
    for view in anatomy.views.iter().filter(|view| view.is_direct) {
        let row =
            here(format!("SELECT pg_catalog.pg_get_viewdef({}::pg_catalog.oid, true)", view.oid)).await?;
        let name = format!("{copy}.view_{}", view.oid);
        let columns = view.columns.join(", ");
        let create = format!("CREATE VIEW {name} ({columns}) AS {}", row.get::<_, String>(0));
        let read = format!("SELECT rtrim(pg_get_viewdef({}, true), ';')", regclass(&name));
        pieces.push(Piece { place: Place::View(view.oid), create, read });
    }
    for object in &anatomy.statistics {
        let name = format!("{copy}.statistics_{}", object.oid);
        let create = format!("CREATE STATISTICS {name} ON {} FROM {clone}", object.columns);
        let read = format!(
            "SELECT pg_get_statisticsobjdef_columns(oid) FROM pg_statistic_ext WHERE stxnamespace = '{copy}'::regnamespace \
             AND stxname = 'statistics_{}'",
            object.oid
        );
        pieces.push(Piece { place: Place::Statistics(object.oid), create, read });
    }
    for publication in &anatomy.publications {
        if let Some(condition) = &publication.condition {
            let name = format!("published {}", publication.name);
            let place = Place::Publication(publication.name.clone());
            let mut piece = check(place, &name, &format!("CHECK ({condition})"), clone);
            piece.read = format!("SELECT substr(d, 7) FROM ({}) AS c (d)", piece.read);
            pieces.push(piece);
        }
    }
    Ok(pieces)
}

fn check(place: Place, name: &str, definition: &str, clone: &str) -> Piece {
    Piece {
        place,
        create: format!("ALTER TABLE {clone} ADD CONSTRAINT {} {definition}", quoted(name)),
        read: format!(
            "SELECT pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = '{}'::pg_catalog.regclass AND conname = {}",
            clone.replace('\'', "''"),
            crate::pg::quote::literal(name)
        ),
    }
}

fn policy_query(catalog: &str, which: &str) -> String {
    format!(
        "SELECT pg_catalog.pg_get_expr(polqual, polrelid, true), pg_catalog.pg_get_expr(polwithcheck, polrelid, true) \
         FROM {catalog} WHERE {which}"
    )
}

fn policy_clauses(row: &Row) -> String {
    let clause =
        |word: &str, at: usize| row.get::<_, Option<String>>(at).map(|sql| format!("{word} ({sql})"));
    [clause("USING", 0), clause("WITH CHECK", 1)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
