//! The totals of `[verify]` are aggregates that can be compared.

use super::{Preflight, PreflightError};
use crate::engine::statements::clause;
use crate::pg::catalog::Table;
use crate::pg::quote;

pub(super) const PLACE: &str = "[verify] totals";

impl Preflight<'_> {
    pub(super) async fn totals(&self, table: &Table) -> Result<(), PreflightError> {
        let from = format!(" FROM {}", quote::table(&table.name));
        for total in &self.job.verify.totals {
            for side in [&total.left, &total.right] {
                self.probe(PLACE, "SELECT count(*), ", side, &from).await?;
            }
            let both = format!("SELECT {} IS NOT DISTINCT FROM ", clause(&total.left));
            self.probe(&format!("{PLACE}: `{total}`"), &both, &total.right, &from).await?;
        }
        for by in &self.job.verify.by {
            let after = format!("{from} GROUP BY {}", clause(by));
            self.probe(PLACE, "SELECT count(*), ", by, &after).await?;
        }
        Ok(())
    }
}
