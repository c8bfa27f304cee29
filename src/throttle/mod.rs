//! What holds a run back. One source a file; each says how long and why.

mod rate;

pub use rate::RowRate;
