//! Plain data that every layer above speaks in: names, keys, jobs, revisions, runs. No I/O, no decisions.

mod alert;
mod hours;
mod ids;
mod job;
mod key;
mod limits;
mod name;
mod position;
mod revision;
mod run;
#[cfg(test)]
pub(crate) mod slips;
mod timed_query;
mod tolerance;
mod units;

pub use alert::{AlertKind, AlertMessage, AlertStatus, AlertThresholds, Severity};
pub use hours::{BadHours, Days, Hours, HoursList, Rule, Span, Times};
pub use ids::{Lease, RangeId, RevisionId, RunId, WorkerId};
pub use job::{Assignment, BatchOptions, Down, Job, Total, Undo, Untouched, Verify, WalkOptions};
pub use key::{Key, KeyColumn, KeyValue};
pub use limits::{FreeDisk, Limit, Limits, OnAutovacuum, Probe, Question};
pub use name::{BadName, Ident, TableName};
pub use position::{Order, Position, Window};
pub use revision::{Direction, Revision, RevisionBody, SchemaRevision, Section};
pub use run::{Pass, RunState, UnknownState, Wanted};
pub use timed_query::TimedQuery;
pub use tolerance::{BadTolerance, Tolerance};
pub use units::{
    BadDuration, BadShare, BadSize, counted, human_count, human_duration, human_size, parse_duration,
    parse_share, parse_size, shortened,
};
