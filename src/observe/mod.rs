//! What people see while work goes on: bars on a terminal, lines elsewhere.

mod fan;
mod fit;
mod progress;
mod standing;
mod terminal;

pub use fan::Fan;
pub use progress::Progress;
pub use standing::{Source, Standing};
pub use terminal::{Show, Talk, Terminal};
