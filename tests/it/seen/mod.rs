//! What can be seen of runs afterwards: figures over time, holds, ranges, reports.

mod over_time;
mod report;
mod timings;
