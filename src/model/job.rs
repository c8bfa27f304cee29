//! A data job as its file describes it.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::{Direction, Hours, Ident, Limits, Order, RevisionId, TableName};

/// What one data job does. Expressions are the author's SQL; they are checked against the database before anything
/// is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The file's slug: `backfill_gross_amount`.
    pub name: String,
    /// The revision the job stands for; `None` outside the history.
    pub revision: Option<RevisionId>,
    /// The file it came from.
    pub file: PathBuf,
    /// `Down`: this is the job that takes another back.
    pub direction: Direction,
    /// The table it changes.
    pub table: TableName,
    /// The columns it sets, in the order of their names.
    pub set: Vec<Assignment>,
    /// Which rows are still to do; `None`: those where some target is distinct from its expression.
    pub filter: Option<String>,
    /// The key to walk by; `None`: the primary key, or else the smallest NOT NULL unique one.
    pub key: Option<Vec<Ident>>,
    /// How large batches may be.
    pub batch: BatchOptions,
    /// How the table is walked.
    pub walk: WalkOptions,
    /// What it may ask of the server, as its file says.
    pub limits: Limits,
    /// When it may be done; `None`: always, as far as the job says.
    pub hours: Option<Hours>,
    /// What must hold at the end.
    pub verify: Verify,
    /// What a downgrade sets, batch by batch; `None`: the job can't be taken back.
    pub down: Option<Vec<Assignment>>,
}

/// `column = expression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The target.
    pub column: Ident,
    /// SQL over the row.
    pub expression: String,
}

/// `[batch]`: bounds of the batch size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOptions {
    /// How long a batch should take, statement and commit; from 1 ms.
    pub target: Duration,
    /// Rows a batch at the least.
    pub min: u32,
    /// Rows a batch at the most.
    pub max: u32,
}

/// `[batch]`: how the table is walked. What is `None` is chosen from the table and the server, and adapted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalkOptions {
    /// The order.
    pub order: Option<Order>,
    /// Visits of each window; 1: no interleaving.
    pub strides: Option<NonZeroU32>,
    /// Size of a window, in bytes of the table.
    pub window: Option<u64>,
}

/// `[verify]`: what is proved before the sign-off, besides that no row is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verify {
    /// Pairs of aggregates that must be equal.
    pub totals: Vec<Total>,
    /// SQL expressions that the totals are compared by as well, each by itself.
    pub by: Vec<String>,
}

/// One control total: two aggregates that must be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// `sum(gross_amount)`
    pub left: String,
    /// `sum(gross_pay)`
    pub right: String,
}

impl Job {
    /// What ties runs to this job: the revision's id, or the name of a job outside the history.
    #[must_use]
    pub fn id(&self) -> &str {
        self.revision.as_ref().map_or(self.name.as_str(), |revision| revision.0.as_str())
    }

    /// The job that takes this one back by its `[down]`; `None` when it has none. Its runs are tied to this job, and told
    /// apart by their direction.
    #[must_use]
    pub fn taken_back(&self) -> Option<Self> {
        let set = self.down.clone()?;
        Some(Self {
            direction: Direction::Down,
            set,
            filter: None,
            verify: Verify::default(),
            down: None,
            ..self.clone()
        })
    }

    /// What the job *does*, one setting a line, for the comparison at resume. How fast it does it (`[batch]`,
    /// `[limits]`, `[hours]`) may change between one night and the next and is left out.
    #[must_use]
    pub fn definition(&self) -> String {
        let mut lines = vec![format!("table = {}", self.table)];
        lines.extend(self.set.iter().map(|a| format!("set.{} = {}", a.column, a.expression)));
        lines.extend(self.filter.iter().map(|filter| format!("where = {filter}")));
        lines.extend(self.key.iter().map(|key| {
            format!("key = {}", key.iter().map(|column| column.0.as_str()).collect::<Vec<_>>().join(", "))
        }));
        lines.extend(self.verify.totals.iter().map(|t| format!("verify.total = {} = {}", t.left, t.right)));
        lines.extend(self.verify.by.iter().map(|by| format!("verify.by = {by}")));
        lines.join("\n") + "\n"
    }
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.left, self.right)
    }
}
