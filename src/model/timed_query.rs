//! Queries of the application's that are timed before, during and after changes.

use std::time::Duration;

/// A query whose latency tells whether a change costs the application something.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedQuery {
    /// What people call it; no two have the same.
    pub name: String,
    /// One query, without a semicolon.
    pub query: String,
    /// How often it is timed while a run or a revision goes on.
    pub every: Duration,
    /// After so long it is given up, and counts as that slow.
    pub timeout: Duration,
    /// It is slower, for whoever is told, when its median is so many times that before; above 1.
    pub slower: f64,
}

impl TimedQuery {
    /// Often enough for a revision of some minutes, seldom enough to be no load.
    pub const EVERY: Duration = Duration::from_secs(10);
    /// What nobody waits for at a screen.
    pub const TIMEOUT: Duration = Duration::from_secs(5);
    /// Less is the noise of a server at work.
    pub const SLOWER: f64 = 2.0;
}
