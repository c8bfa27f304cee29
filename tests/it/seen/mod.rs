//! What can be seen of runs afterwards: figures over time, holds, ranges, reports.

mod lines;
mod over_time;
mod report;
mod screen;
mod statements;
mod timings;
