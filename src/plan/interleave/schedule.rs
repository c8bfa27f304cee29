//! How a page's rows are shared out to the strides.

use super::BATCHES_A_STRIDE;

/// The part of its rows that leaves a page in one stride at the most: an index page has a tenth of its room free (the
/// default `fillfactor` of a B-tree), and until the batch has committed no entry of an old version makes place for a
/// new one. With an eighth of the rows in the first stride the indexes of the bench's table doubled.
const AT_ONCE: f64 = 0.08;

/// Bytes of a line pointer.
const LINE_POINTER: f64 = 4.0;

/// What a page holds, on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Page {
    /// Rows; 0: unknown.
    pub rows: f64,
    /// Line pointers, rows or not.
    pub line_pointers: f64,
    /// Bytes a row.
    pub row_bytes: f64,
    /// Bytes that a row grows by when it is changed.
    pub growth: f64,
    /// Bytes that are free.
    pub free_bytes: f64,
}

/// How many rows of a page each stride takes, so that as few rows as possible move away in at most `most` strides. The
/// first ones take more than fit, so many that what those rows leave serves all others; each of the others takes as many
/// as fit into the room there is then.
#[must_use]
pub fn schedule(page: &Page, most: u32) -> Vec<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a page holds some hundred rows"
    )]
    let rows = page.rows.round().clamp(0.0, 10_000.0) as u32;
    let strides = |moved| sizes(page, rows, moved, most);
    (0..rows).find_map(strides).unwrap_or_else(|| vec![rows.max(1)])
}

/// Which part of a page's rows has to move for that, in at most `most` strides.
#[must_use]
pub fn moved(page: &Page, most: u32) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a page holds some hundred rows"
    )]
    let rows = page.rows.round().clamp(0.0, 10_000.0) as u32;
    let moved = (0..rows).find(|moved| sizes(page, rows, *moved, most).is_some()).unwrap_or(rows);
    f64::from(moved) / f64::from(rows.max(1))
}

/// The sizes when `moved` rows leave; `None`: more than `most` strides.
fn sizes(page: &Page, rows: u32, moved: u32, most: u32) -> Option<Vec<u32>> {
    // Whether it moves or stays, a changed row leaves its line pointer behind, dead or pointing at the new one.
    let (row, growth) = (page.row_bytes.max(1.0), page.growth.max(0.0));
    let mut room = page.free_bytes.max(0.0);
    let (mut moving, mut left) = (moved, rows);
    let mut sizes = Vec::new();
    while left > 0 {
        if sizes.len() >= most as usize {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is positive"
        )]
        let (fitting, at_once) =
            ((room.max(0.0) / (row + growth)) as u32, (f64::from(rows) * AT_ONCE) as u32);
        let leave = moving.min(at_once.max(1)).min(left);
        let stay = if leave == 0 { fitting.max(1) } else { fitting }.min(left - leave);
        sizes.push(leave + stay);
        left -= leave + stay;
        moving -= leave;
        room += f64::from(leave) * (row - LINE_POINTER) - f64::from(stay) * (growth + LINE_POINTER);
    }
    Some(sizes)
}

/// A stride's part of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Rows of a page that the strides before take.
    before: u32,
    /// Rows that these and this one take.
    through: u32,
    /// Rows of all strides.
    all: u32,
    strides: u32,
}

impl Portion {
    /// All rows.
    pub const WHOLE: Self = Self { before: 0, through: 1, all: 1, strides: 1 };

    /// By key: all strides have the same part.
    #[must_use]
    pub fn even(stride: u32, strides: u32) -> Self {
        let all = strides.max(1);
        Self { before: stride.min(all), through: (stride + 1).min(all), all, strides: all }
    }

    /// In physical order: as [`schedule`] says.
    #[must_use]
    pub fn of_page(page: &Page, stride: u32, strides: u32) -> Self {
        let sizes = schedule(page, strides);
        let sum = |count: u32| sizes.iter().take(count as usize).sum();
        // The last stride takes whatever is left.
        let through = if stride + 1 >= strides { u32::MAX } else { stride + 1 };
        Self { before: sum(stride), through: sum(through), all: sum(u32::MAX), strides }
    }

    /// Of `rows`, those of the stride; over all strides of the same interval it sums up to all.
    #[must_use]
    pub fn of(&self, rows: u64) -> u64 {
        let part = |count: u32| rows * u64::from(count) / u64::from(self.all);
        part(self.through) - part(self.before)
    }

    /// In physical order the stride takes the rows with line pointers up to this one that are still to do. The last
    /// stride takes all, and isn't asked.
    #[must_use]
    pub fn last_pointer(&self, page: &Page) -> u32 {
        let share = f64::from(self.through) / f64::from(self.all);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a page has some hundred pointers"
        )]
        let last = (share * page.line_pointers.max(page.rows)).ceil() as u32;
        last.max(1)
    }

    /// Pages of a batch: as many as hold `rows` of the stride, but so few that a stride of a whole window has
    /// [`BATCHES_A_STRIDE`] batches, and one that is larger than others as many more.
    #[must_use]
    pub fn batch_pages(&self, rows: u32, page: &Page, window_pages: u64) -> u64 {
        let share = f64::from(self.through - self.before) / f64::from(self.all);
        let wanted = f64::from(rows) / (page.rows.max(0.01) * share.max(1e-3));
        let most = if self.strides > 1 {
            let larger = (share * f64::from(self.strides)).max(1.0);
            window_pages as f64 / f64::from(BATCHES_A_STRIDE) / larger
        } else {
            f64::INFINITY
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is positive"
        )]
        let pages = wanted.min(most) as u64;
        pages.max(1)
    }
}
