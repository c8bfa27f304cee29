//! How long a query of the user's takes, as the application would see it.

use std::time::Duration;

use tokio_postgres::{Error, Transaction};

use super::{Connection, ErrorClass, classify, search_path};
use crate::clock::Clock;

/// A query that was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// From the request to the last row: parsing, planning, waiting for locks and the network included.
    pub took: Duration,
    /// The server gave up on it after that time, or on a lock that it needed.
    pub gave_up: bool,
}

/// Times it in the transaction that is open, which is read-only and limits its statements' time. The transaction is of no
/// more use when the query was given up. `name` is what errors call it.
pub async fn time(connection: &Connection, name: &str, query: &str) -> Result<Timed, Error> {
    connection.batch_execute(search_path::AS_AUTHOR).await?;
    // The server's time passes for real, whatever the caller's clock says.
    let clock = Clock::system();
    let begun = clock.monotonic();
    let answer = async {
        // In parentheses it can be nothing but a query. Already here it waits for the locks of its tables.
        let statement = connection.prepare(&format!("SELECT * FROM (\n{query}\n) AS {name}")).await?;
        connection.query(&statement, &[]).await
    };
    let answer = answer.await;
    let took = clock.monotonic().saturating_duration_since(begun);
    match answer {
        Ok(_) => Ok(Timed { took, gave_up: false }),
        Err(error) if matches!(classify(&error), ErrorClass::Timeout | ErrorClass::Lock) => {
            Ok(Timed { took, gave_up: true })
        }
        Err(error) => Err(error),
    }
}

/// How the server would do it now: its plan, without figures that vary.
pub async fn plan(transaction: &Transaction<'_>, query: &str) -> Result<String, Error> {
    transaction.batch_execute(search_path::AS_AUTHOR).await?;
    let explain = format!("EXPLAIN (COSTS OFF) SELECT * FROM (\n{query}\n) AS timed");
    let rows = transaction.query(&explain, &[]).await?;
    Ok(rows.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>().join("\n"))
}
