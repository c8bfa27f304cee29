//! Whether a pooler hands the server's sessions around between transactions, as PgBouncer does in transaction mode.
//!
//! Then what is set, prepared, listened to or locked on a connection stays behind in a session that belongs to somebody
//! else next, and what was prepared under the same name by another may be run instead. Nothing says so by itself: on a
//! quiet pool it works, since the same session comes back each time. So it is looked for before anything else is sent:
//!
//! ```text
//!  ours ──► which backend? 17           a session of our own is no other's while we hold it,
//!  probe ─► BEGIN; which backend? 17    and doesn't change while we do nothing
//!  ours ──► which backend? 18
//! ```
//!
//! Either answer proves it. That neither was given proves nothing where many share a pool: so a batch begins by naming
//! what only its own session knows (`engine::batch`).

use std::time::Duration;

use tokio_postgres::{Client, Config, Error, SimpleQueryMessage};

use super::tls::Tls;

/// A pool gives out first what came back last, so that one look nearly always tells; others may come between.
const LOOKS: u32 = 8;

/// Process ids come again and other hosts have the same; the moment of the beginning is the server's own.
const WHICH: &str =
    "SELECT pid, backend_start FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())";

/// A session of the server's: its process id and its beginning.
#[derive(Debug, PartialEq, Eq)]
struct Backend(String, String);

/// Whether what `client` sends reaches one session only as long as a transaction lasts. Looks with a second connection,
/// which gets `patience`; where there can't be one, the answer is no. Sends nothing that leaves a trace.
pub(super) async fn hands_sessions_around(
    client: &Client,
    (config, tls): (&Config, &Tls),
    patience: Duration,
) -> Result<bool, Error> {
    let Some(ours) = backend(client, WHICH).await? else { return Ok(false) };
    let look = async {
        let (probe, connection) = config.connect(tls.maker()).await?;
        let driver = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
        let mut found = false;
        for _ in 0..LOOKS {
            let theirs = backend(&probe, &format!("BEGIN; {WHICH}")).await?;
            let again = backend(client, WHICH).await?;
            found = theirs.as_ref() == Some(&ours) || again.as_ref() != Some(&ours);
            probe.batch_execute("ROLLBACK").await?;
            if found {
                break;
            }
        }
        drop(driver);
        Ok::<_, Error>(found)
    };
    // A server without a free connection, or a pool of one: whoever needs more will be told then.
    Ok(matches!(tokio::time::timeout(patience, look).await, Ok(Ok(true))))
}

/// Asked in the simple protocol: a prepared statement is just what a pooler loses. `None`: it isn't told.
async fn backend(client: &Client, sql: &str) -> Result<Option<Backend>, Error> {
    let answers = client.simple_query(sql).await?;
    Ok(answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(Backend(row.get(0)?.to_owned(), row.get(1)?.to_owned())),
        _ => None,
    }))
}
