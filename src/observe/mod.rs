//! What people see of the work: bars on a terminal, lines elsewhere, figures, the log, and messages while nobody looks.

pub mod alerts;
mod fan;
pub mod logs;
pub mod metrics;
mod progress;
mod standing;
mod terminal;

pub use fan::Fan;
pub use progress::Progress;
pub use standing::{Source, Standing};
pub use terminal::{Talk, Terminal};
