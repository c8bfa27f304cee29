//! Pure decisions: no async, no I/O, no clock, no randomness of their own. Time, jitter and samples are arguments,
//! and each decision comes with its reason.

pub mod admission;
pub mod alerts;
pub mod backoff;
pub mod batch_size;
pub mod bisection;
pub mod checkup;
pub mod control;
pub mod drift;
pub mod eta;
pub mod forecast;
pub mod graph;
pub mod hours;
pub mod interleave;
pub(crate) mod lint;
pub mod pressure;
pub mod rehearsal;
pub mod scale;
pub mod share;
pub mod timings;
pub mod transition;
pub mod walk;
