//! A data job as its file describes it.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::{Direction, Hours, Ident, Limits, Order, RevisionId, TableName, Tolerance};

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
    /// The role whose rights its SQL has; `None`: those of whoever is connected.
    pub role: Option<Ident>,
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
    /// How many rows may be left behind because they can't take their new values.
    pub quarantine: Tolerance,
    /// What is kept of the values that are overwritten.
    pub undo: Undo,
    /// How a downgrade takes the job back, batch by batch; `None`: as [`Undo`] allows.
    pub down: Option<Down>,
    /// This is the job that puts back the values that another kept.
    pub restores: bool,
}

/// `undo`: what a job keeps of the values that it overwrites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undo {
    /// Nothing.
    #[default]
    None,
    /// The old values, and the new ones to tell whether they are there still.
    Preimage,
}

/// `[down]`: how a job is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down {
    /// These are set, in rows that match the filter; `None`: in those where some target is distinct from its expression.
    Set(Vec<Assignment>, Option<String>),
    /// The values that the job kept are put back.
    Restore,
    /// Nothing: the rows stay as they are, because what comes next on the way down takes the column away.
    Keep,
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
    /// The totals are taken before the first batch as well.
    pub before: bool,
    /// What no batch may change.
    pub untouched: Untouched,
}

/// `[verify] untouched`: columns that keep their values in every row that a batch changes, whatever triggers do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Untouched {
    /// Nobody asked.
    #[default]
    Unasked,
    /// Every column that the job doesn't set.
    All,
    /// These.
    These(Vec<Ident>),
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

    /// Whether there is a way down from it: a job that takes it back, or its word that the rows may stay as they are.
    #[must_use]
    pub fn is_reversible(&self) -> bool {
        self.down == Some(Down::Keep) || self.taken_back().is_some()
    }

    /// The job that takes this one back, by its `[down]` or by the values that it kept; `None` when there is none. Its
    /// runs are tied to this job, and told apart by their direction.
    #[must_use]
    pub fn taken_back(&self) -> Option<Self> {
        let (set, filter, restores) = match (&self.down, self.undo) {
            (Some(Down::Set(set, filter)), _) => (set.clone(), filter.clone(), false),
            (Some(Down::Restore), _) | (None, Undo::Preimage) => (self.set.clone(), None, true),
            (Some(Down::Keep), _) | (None, Undo::None) => return None,
        };
        let down = Self { set, filter, ..self.going_down() };
        Some(if restores { down.restoring() } else { down })
    }

    /// The job that puts back the values that this one kept, whatever its `[down]` says; `None` when it keeps none.
    #[must_use]
    pub fn undone(&self) -> Option<Self> {
        (self.undo == Undo::Preimage).then(|| self.going_down().restoring())
    }

    /// What a batch of the job kept is put back by one batch.
    fn restoring(self) -> Self {
        let batch = BatchOptions { min: 1, max: 1, ..self.batch };
        Self { restores: true, batch, walk: WalkOptions::default(), ..self }
    }

    fn going_down(&self) -> Self {
        Self {
            direction: Direction::Down,
            filter: None,
            verify: Verify::default(),
            undo: Undo::None,
            down: None,
            ..self.clone()
        }
    }

    /// What the job *does*, one setting a line, for the comparison at resume. How fast it does it (`[batch]`,
    /// `[limits]`, `[hours]`) may change between one night and the next and is left out.
    #[must_use]
    pub fn definition(&self) -> String {
        let mut lines = vec![format!("table = {}", self.table)];
        if self.restores {
            lines.extend(self.set.iter().map(|a| format!("restore = {}", a.column)));
        } else {
            lines.extend(self.set.iter().map(|a| format!("set.{} = {}", a.column, a.expression)));
        }
        if self.undo == Undo::Preimage {
            lines.push("undo = preimage".to_owned());
        }
        lines.extend(self.filter.iter().map(|filter| format!("where = {filter}")));
        lines.extend(self.key.iter().map(|key| {
            format!("key = {}", key.iter().map(|column| column.0.as_str()).collect::<Vec<_>>().join(", "))
        }));
        lines.extend(self.verify.totals.iter().map(|t| format!("verify.total = {} = {}", t.left, t.right)));
        lines.extend(self.verify.by.iter().map(|by| format!("verify.by = {by}")));
        match &self.verify.untouched {
            Untouched::Unasked => {}
            Untouched::All => lines.push("verify.untouched = all".to_owned()),
            Untouched::These(columns) => {
                lines.extend(columns.iter().map(|column| format!("verify.untouched = {column}")));
            }
        }
        lines.join("\n") + "\n"
    }
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.left, self.right)
    }
}
