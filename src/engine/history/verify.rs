//! Queries of a revision that answer with true or not: `-- migrate:verify` and `-- migrate:when`.

use tokio_postgres::SimpleQueryMessage;

/// The first answer that is not true.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotTrue {
    /// Which of the queries, from 1.
    pub(super) number: usize,
    /// What it returned.
    pub(super) found: String,
}

/// Each query must return one row or more, and each of them true.
pub(super) fn hold(answers: &[SimpleQueryMessage]) -> Result<(), NotTrue> {
    let (mut number, mut rows) = (1, 0);
    for answer in answers {
        let found = match answer {
            SimpleQueryMessage::Row(row) => {
                rows += 1;
                match row.try_get(0) {
                    Ok(Some("t")) => continue,
                    Ok(Some("f")) => "false".to_owned(),
                    Ok(value) => value.unwrap_or("NULL").to_owned(),
                    Err(_) => "no column".to_owned(),
                }
            }
            SimpleQueryMessage::CommandComplete(_) if rows > 0 => {
                (number, rows) = (number + 1, 0);
                continue;
            }
            SimpleQueryMessage::CommandComplete(_) => "no row".to_owned(),
            _ => continue,
        };
        return Err(NotTrue { number, found });
    }
    Ok(())
}
