//! Whose names SQL means: ours, or those of the role that runs it.
//!
//! PostgreSQL takes the function or operator that fits best, whichever schema of the `search_path` it is in: where anybody
//! may make objects in `public`, anybody could have ours run `public.format(text, bigint)` with our rights. So a session
//! looks into `pg_catalog` alone, and the authors' SQL (of jobs, revisions and probes) gets the role's path while it runs.
//! Where both stand in one statement, ours is qualified; what an author's columns are compared with is seen to by
//! `engine::preflight::operators`.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

/// Keeps the path that the session has for authors, and looks into PostgreSQL's schema alone. In a new session nothing may
/// come before it that is looked up.
pub const KEEP: &str = "SELECT pg_catalog.set_config('longhaul.search_path', pg_catalog.current_setting('search_path'), false); \
     SET search_path = pg_catalog, pg_temp";

/// What follows in this transaction is an author's.
pub const AS_AUTHOR: &str =
    "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('longhaul.search_path'), true)";

/// What follows in this session is an author's.
pub const SESSION_AS_AUTHOR: &str =
    "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('longhaul.search_path'), false)";

/// What follows in this transaction is ours again.
pub const AS_OURSELVES: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// What follows in this session is ours again.
const SESSION_AS_OURSELVES: &str = "SET search_path = pg_catalog, pg_temp";

/// For [`ask_as_author`]: what relation a name means.
pub const FIND_RELATION: &str = "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid";

/// Prepares an author's statement, outside a transaction. One flight.
pub async fn prepare_as_author(client: &Client, sql: &str) -> Result<Statement, Error> {
    let (entered, prepared, left) = futures_util::join!(
        client.batch_execute(SESSION_AS_AUTHOR),
        client.prepare(sql),
        client.batch_execute(SESSION_AS_OURSELVES)
    );
    let prepared = prepared?;
    entered?;
    left?;
    Ok(prepared)
}

/// Asks, outside a transaction, what names mean to an author. The statement itself is ours.
pub async fn ask_as_author(
    client: &Client,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Row, Error> {
    let statement = client.prepare(sql).await?;
    let (entered, answer, left) = futures_util::join!(
        client.batch_execute(SESSION_AS_AUTHOR),
        client.query_one(&statement, parameters),
        client.batch_execute(SESSION_AS_OURSELVES)
    );
    let answer = answer?;
    entered?;
    left?;
    Ok(answer)
}
