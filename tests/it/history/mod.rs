//! The history: how it is shown, changed, recorded, and what holds when it goes wrong.

mod crash;
mod detached;
mod roundtrip;
mod shown;

pub(crate) use crash::FAILPOINTS;
