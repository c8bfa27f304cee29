//! What an error from PostgreSQL means for the work, told from its SQLSTATE in this one place.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The connection is gone, or the server is stopping or starting: connect again, read the checkpoint.
    Connection,
    /// Someone else's lock, a deadlock or a serialization failure: the same batch again after a pause.
    Lock,
    /// The statement took too long or was cancelled: the batch again, smaller.
    Timeout,
    /// The range belongs to another worker now: nothing of this batch was kept, and nothing more may be done.
    Fenced,
    /// The table was rewritten: the blocks of a walk in physical order are numbered anew.
    Rewritten,
    /// The server lacks something that people must give it: disk, memory, connections.
    Resources,
    /// Name or password refused.
    Authentication,
    /// Rights are missing.
    Rights,
    /// A row can't take its new value.
    Data,
    /// The SQL and the schema don't fit.
    Definition,
    /// Anything else: stop and keep.
    Other,
}

impl ErrorClass {
    /// The word it is counted and logged as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Lock => "lock",
            Self::Timeout => "timeout",
            Self::Fenced => "fenced",
            Self::Rewritten => "rewritten",
            Self::Resources => "resources",
            Self::Authentication => "authentication",
            Self::Rights => "rights",
            Self::Data => "data",
            Self::Definition => "definition",
            Self::Other => "other",
        }
    }
}

/// Whether the server's words of an error may have a row's values in them.
#[must_use]
pub fn may_tell_values(code: &str) -> bool {
    matches!(class_of(&SqlState::from_code(code)), ErrorClass::Data) || code == TOUCHED
}

/// The SQLSTATE that the control schema's function `fence` raises. Class LH is no class of PostgreSQL's.
pub const FENCED: &str = "LH001";

/// The SQLSTATE that the control schema's function `same_file` raises.
pub const REWRITTEN: &str = "LH003";

/// The SQLSTATE that the control schema's function `refuse_touched` raises: a rule about the job, not about a row.
pub const TOUCHED: &str = "LH004";

/// The SQLSTATE that the control schema's function `same_table` raises.
pub const REPLACED: &str = "LH005";

/// The class of an error.
#[must_use]
pub fn classify(error: &Error) -> ErrorClass {
    match error.code() {
        Some(code) => class_of(code),
        // No answer from the server at all: closed, reset, refused, unexpected end.
        None => ErrorClass::Connection,
    }
}

fn class_of(code: &SqlState) -> ErrorClass {
    match code.code() {
        FENCED => ErrorClass::Fenced,
        REWRITTEN => ErrorClass::Rewritten,
        TOUCHED | REPLACED => ErrorClass::Definition,
        // lock_not_available, deadlock_detected, serialization_failure
        "55P03" | "40P01" | "40001" => ErrorClass::Lock,
        // query_canceled
        "57014" => ErrorClass::Timeout,
        // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, idle_in_transaction_timeout
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => ErrorClass::Connection,
        // insufficient_privilege
        "42501" => ErrorClass::Rights,
        // cardinality_violation: an expression's subquery found two rows for this one; program_limit_exceeded: its index
        // entry is too long; with_check_option_violation
        "21000" | "54000" | "44000" => ErrorClass::Data,
        code => match &code[..2] {
            "08" => ErrorClass::Connection,
            "28" => ErrorClass::Authentication,
            "53" => ErrorClass::Resources,
            // P0: raised by a function or a trigger of the database's, as a rule about a row.
            "22" | "23" | "P0" => ErrorClass::Data,
            "42" | "0A" | "2B" | "3D" | "3F" => ErrorClass::Definition,
            class if !CLASSES.contains(&class) => ErrorClass::Data,
            _ => ErrorClass::Other,
        },
    }
}

/// The classes that PostgreSQL raises itself (its manual's appendix A, versions 14 to 18). Any other is an author's own code:
/// RAISE … USING ERRCODE in a function or a trigger.
const CLASSES: [&str; 45] = [
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "22", "23",
    "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42", "44",
    "53", "54", "55", "57", "58", "72", "F0", "HV", "P0", "XX", "LH",
];

/// What a person can do about an error of the server's, where that can be said in general.
#[must_use]
pub fn hint(error: &Error) -> Option<String> {
    let class = classify(error);
    if let Some(hint) = error.as_db_error().and_then(|db| db.hint())
        // There the server only says "Check free disk space."
        && class != ErrorClass::Resources
    {
        return Some(hint.to_owned());
    }
    let text = match (class, error.code().map(SqlState::code)) {
        (ErrorClass::Resources, Some("53100")) => {
            "the server's disk is full: nothing of the last batch was kept; make room, then run again"
        }
        (ErrorClass::Resources, Some("53300")) => {
            "the server has no free connection: raise max_connections or wait"
        }
        (ErrorClass::Resources, _) => "the server is short of a resource; see its log, then run again",
        (ErrorClass::Authentication, _) => {
            "check the user and the password (DATABASE_URL, PGPASSWORD, ~/.pgpass)"
        }
        (ErrorClass::Connection, _) => "is the server up, and are host and port right?",
        (ErrorClass::Rights, _) => "grant the role what it needs, or connect as another",
        (ErrorClass::Definition, Some("3D000")) => "is the database's name right? DATABASE_URL ends with it",
        (_, Some("25001")) => "put it into a revision of its own, under `-- migrate:up transaction:false`",
        // invalid_sql_statement_name, duplicate_prepared_statement
        (_, Some("26000" | "42P05")) => {
            "is a pooler in transaction mode in between? Connect to the server itself, or to a session pool"
        }
        (ErrorClass::Lock, _) => "someone holds a lock on it; see pg_stat_activity, then run again",
        _ => return None,
    };
    Some(text.to_owned())
}

/// What the server says of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The SQLSTATE; empty where no server answered.
    pub code: String,
    /// The message.
    pub message: String,
    /// What it adds: often the values of a row, which not everybody may see.
    pub detail: Option<String>,
}

impl Said {
    /// What the server says of this error.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error.as_db_error() {
            Some(database) => Self {
                code: database.code().code().to_owned(),
                message: database.message().to_owned(),
                detail: database.detail().map(str::to_owned),
            },
            None => Self { code: String::new(), message: error.to_string(), detail: None },
        }
    }

    /// The message with its detail, on one line: for who may see the row.
    #[must_use]
    pub fn whole(&self) -> String {
        let detail = self.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        format!("{}{detail}", self.message)
    }
}

/// The server's message with its SQLSTATE and detail; or, where no server answered, the innermost cause.
#[must_use]
pub fn describe(error: &Error) -> String {
    if let Some(database) = error.as_db_error() {
        let detail = database.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail} [SQLSTATE {}]", database.message(), database.code().code());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_fall_into_their_classes() {
        let class = |code: &str| class_of(&SqlState::from_code(code));
        assert_eq!(class("40P01"), ErrorClass::Lock);
        assert_eq!(class("57014"), ErrorClass::Timeout);
        assert_eq!(class("57P01"), ErrorClass::Connection);
        assert_eq!(class("08006"), ErrorClass::Connection);
        assert_eq!(class("53100"), ErrorClass::Resources);
        assert_eq!(class("23514"), ErrorClass::Data);
        for raised_by_an_author in ["P0001", "PY001", "ZZ999", "54000", "21000"] {
            assert_eq!(class(raised_by_an_author), ErrorClass::Data, "{raised_by_an_author}");
        }
        assert_eq!(class("54001"), ErrorClass::Other);
        assert_eq!(class("42703"), ErrorClass::Definition);
        assert_eq!(class("42501"), ErrorClass::Rights);
        assert_eq!(class("28P01"), ErrorClass::Authentication);
        assert_eq!(class("LH001"), ErrorClass::Fenced);
        assert_eq!(class("LH003"), ErrorClass::Rewritten);
        assert_eq!(class("XX000"), ErrorClass::Other);
    }
}
