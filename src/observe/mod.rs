//! What people see of the work: bars on a terminal, lines elsewhere, figures, the log, and messages while nobody looks.

pub mod alerts;
mod fan;
mod fit;
pub mod logs;
pub mod metrics;
mod progress;
mod report;
mod standing;
mod terminal;
mod timings;
#[cfg(feature = "otel")]
pub mod traces;
pub mod watch;

pub use fan::Fan;
pub use progress::Progress;
pub use report::{Cells, HeldBy, Report, batches_to_csv, events_to_csv};
pub use standing::{Source, Standing};
pub use terminal::{Show, Talk, Terminal};
pub use timings::{PhaseFigures, QueryTimings, human_latency};
