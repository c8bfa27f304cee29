//! What people see while work goes on: bars on a terminal, lines elsewhere.

mod fan;
mod progress;
mod standing;
mod terminal;

pub use fan::Fan;
pub use progress::Progress;
pub use standing::{Source, Standing};
pub use terminal::{Talk, Terminal};
