//! Whether what will be written has room.

use super::super::checkup::Finding;
use super::Facts;
use crate::model::human_size;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "disk";
    let Some(free) = facts.free_disk else {
        return vec![Finding::note(
            SUBJECT,
            "what is free can't be seen from here",
            "compare the growth below with what the server's disks have",
        )];
    };
    let size = |bytes: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is positive"
        )]
        let bytes = bytes.max(0.0) as u64;
        human_size(bytes)
    };
    let Some(forecast) = &facts.forecast else {
        return vec![Finding::fine(SUBJECT, format!("{} are free", size(free)))];
    };
    // WAL stays until two checkpoints are over, as long as nothing else keeps it.
    let wal = forecast.wal.high.min(facts.surroundings.max_wal_size as f64);
    let wanted = forecast.growth.high + forecast.preimages.map_or(0.0, |kept| kept.high) + wal;
    let says = format!("{} are free, and up to {} will be taken", size(free), size(wanted));
    let finding = if wanted > free {
        Finding::bad(SUBJECT, says, "make room first: a full disk stops everybody")
    } else if wanted > free / 2.0 {
        Finding::note(SUBJECT, says, "slots and a failing archive keep WAL beyond that: watch free_disk")
    } else {
        Finding::fine(SUBJECT, says)
    };
    vec![finding]
}
