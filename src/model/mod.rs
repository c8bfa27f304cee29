//! Plain data that every layer above speaks in: names, keys, jobs, revisions, runs. No I/O, no decisions.

mod ids;
mod job;
mod key;
mod name;
mod position;
mod revision;
mod run;
mod units;

pub use ids::{Lease, RangeId, RevisionId, RunId, WorkerId};
pub use job::{Assignment, BatchOptions, Job, Total, Verify, WalkOptions};
pub use key::{Key, KeyColumn, KeyValue};
pub use name::{BadName, Ident, TableName};
pub use position::{Order, Position, Window};
pub use revision::{Direction, Revision, RevisionBody, SchemaRevision, Section};
pub use run::{Pass, RunState, UnknownState};
pub use units::{
    BadDuration, BadSize, counted, human_count, human_duration, human_size, parse_duration, parse_size,
};
