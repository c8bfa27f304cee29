//! What can be seen of runs afterwards: figures over time, holds, ranges, reports.

mod over_time;
mod lines;
mod report;
mod screen;
mod statements;
mod timings;
