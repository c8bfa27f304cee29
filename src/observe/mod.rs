//! What people see while work goes on: bars on a terminal, lines elsewhere.

mod progress;
mod terminal;

pub use progress::Progress;
pub use terminal::{Talk, Terminal};
