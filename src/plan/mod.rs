//! Pure decisions: no async, no I/O, no clock, no randomness of their own. Time, jitter and samples are arguments,
//! and each decision comes with its reason.

pub mod backoff;
pub mod batch_size;
pub mod drift;
pub mod eta;
pub mod graph;
pub mod interleave;
pub mod transition;
pub mod walk;
