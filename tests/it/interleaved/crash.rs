//! kill -9 at every point of an interleaved walk: what is stored then, and that the next run makes it whole.

use crate::support::{JobKind, Pages, SMALL_WINDOWS};

/// How the table is walked when the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walked {
    ByKey,
    Physical,
    /// In a sweep that has all rows to do, so that it interleaves too.
    Sweep,
}

/// Some thirty pages: five windows of three strides of four batches.
const ROWS: i32 = 600;

impl Walked {
    async fn table(self) -> Pages {
        let (kind, order) = match self {
            Self::ByKey => (JobKind::Counting, "key"),
            Self::Physical | Self::Sweep => (JobKind::Sweeping, "physical"),
        };
        let pages = Pages::new(ROWS, 400, kind).await;
        pages.write_job(&format!("order = \"{order}\"\n{SMALL_WINDOWS}"));
        pages
    }

    /// Brings the run to where this walk begins.
    async fn prepare(self, mut pages: Pages) -> Pages {
        if self == Self::Sweep {
            pages.project = pages.project.dying_at("pass.begun", 1);
            pages.project.longhaul(&["run", "fill"]).await.was_killed();
            pages.sessions_are_gone().await;
            pages.undo().await;
            pages.database().execute("UPDATE longhaul.range SET rows_changed = 0 WHERE pass = 0").await;
        }
        pages
    }

    /// A job that counts is not swept.
    fn comes_to(self, point: &str) -> bool {
        self != Self::ByKey || !point.starts_with("pass.")
    }
}

macro_rules! matrix {
    ($($test:ident $point:literal)*) => {
        const POINTS: &[&str] = &[$($point),*];

        $(
            #[tokio::test]
            async fn $test() {
                dies_at($point).await;
            }
        )*
    };
}

matrix! {
    a_crash_once_the_run_is_taken "run.taken"
    a_crash_once_a_range_is_claimed "range.claimed"
    a_crash_after_the_fence "batch.fenced"
    a_crash_between_the_rows_and_their_commit "batch.rows_changed"
    a_crash_once_the_batch_is_sent "batch.sent"
    a_crash_after_the_commit "batch.committed"
    a_crash_before_a_range_is_finished "range.finishing"
    a_crash_once_a_range_is_finished "range.finished"
    a_crash_before_a_sweep_begins "pass.beginning"
    a_crash_once_a_sweep_has_begun "pass.begun"
    a_crash_before_the_proof "proof.beginning"
    a_crash_before_the_ending_is_stored "ending.beginning"
    a_crash_once_the_ending_is_stored "ending.stored"
}

#[test]
fn every_failpoint_of_a_run_is_in_the_matrix() {
    assert_eq!(POINTS, crate::crash::MATRIX);
}

async fn dies_at(point: &str) {
    // Of a batch: the first, and then one in the middle of a stride of a later window.
    let hits = if point.starts_with("batch.") { [1, 18].as_slice() } else { &[1] };
    for walked in [Walked::ByKey, Walked::Physical, Walked::Sweep] {
        let mut pages = walked.prepare(walked.table().await).await;
        for &hit in hits.iter().filter(|_| walked.comes_to(point)) {
            let when = format!("{walked:?}, hit {hit} of {point}");
            pages.project = pages.project.dying_at(point, hit);
            pages.project.longhaul(&["run", "fill"]).await.was_killed();
            pages.assert_rows_fit_the_positions(&when).await;
        }
        pages.project = pages.project.surviving();
        pages.project.longhaul(&["run", "fill"]).await.succeeded();
        pages.assert_each_row_done_once(&format!("{walked:?}, after {point}")).await;
    }
}

#[tokio::test]
async fn a_process_that_dies_every_few_batches_leaves_every_stride_where_it_stands() {
    for walked in [Walked::ByKey, Walked::Physical] {
        let mut pages = walked.table().await;
        let mut stood = std::collections::BTreeSet::new();
        for death in 0.. {
            let when = format!("{walked:?}, death {death}");
            pages.project = pages.project.dying_at("batch.committed", 2 + death % 5);
            let outcome = pages.project.longhaul(&["run", "fill"]).await;
            if outcome.status.success() {
                break;
            }
            outcome.was_killed();
            pages.assert_rows_fit_the_positions(&when).await;
            let position = "SELECT stride FROM longhaul.range WHERE stride_checkpoint IS NOT NULL";
            stood.extend(
                pages
                    .database()
                    .client
                    .query(position, &[])
                    .await
                    .unwrap()
                    .iter()
                    .map(|row| row.get::<_, i32>(0)),
            );
        }
        assert_eq!(stood, [0, 1, 2].into(), "{walked:?}: strides that a process died in the middle of");
        pages.assert_each_row_done_once(&format!("{walked:?}, many deaths")).await;
    }
}

#[tokio::test]
async fn a_batch_that_is_killed_among_the_rows_of_its_stride_is_kept_whole_or_not_at_all() {
    for walked in [Walked::ByKey, Walked::Physical] {
        let pages = walked.table().await;
        pages.project.configure("lock_timeout = \"60s\"");
        let holder = pages.holding(250).await;
        let process = pages.project.spawn(&["run", "fill"]);
        pages.workers_are_blocked(1).await;
        process.kill().await.was_killed();
        holder.batch_execute("ROLLBACK").await.unwrap();
        pages.assert_rows_fit_the_positions(&format!("{walked:?}, killed among the rows")).await;
        pages.project.longhaul(&["run", "fill"]).await.succeeded();
        pages.assert_each_row_done_once(&format!("{walked:?}, killed among the rows")).await;
    }
}
