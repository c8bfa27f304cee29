//! What is free on the disks that the table and the WAL grow on. The server doesn't tell; it can be seen only from its own
//! machine, by a role that may read the setting `data_directory`.

use std::path::{Path, PathBuf};

use tokio_postgres::Error;

use super::source::{Readings, in_force, not_applicable, not_yet, out_of_reach, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Bound, Reading, Rule, Unit};

const ELSEWHERE: &str =
    "its directory can't be seen from here: the server runs on another machine or in a container";
const HIDDEN: &str = "this role doesn't see where the data is; GRANT pg_monitor TO it";

/// What is free at one place.
struct Free {
    place: PathBuf,
    share: f64,
    bytes: f64,
}

/// A share, and a size.
pub(super) fn rules(limits: &Limits) -> Vec<Option<Rule>> {
    let Some((least, explicit)) = in_force(limits.free_disk, Limits::DEFAULTS.free_disk) else {
        return vec![None, None];
    };
    let below = |signal, unit, least| Rule {
        bound: Bound::Below(least),
        explicit,
        ..Rule::above(signal, unit, least)
    };
    vec![
        least.share.map(|share| below("free disk", Unit::Share, share)),
        least.bytes.map(|bytes| below("free disk space", Unit::Bytes, bytes as f64)),
    ]
}

/// Whether somebody asked for it.
pub(super) fn is_explicit(limits: &Limits) -> bool {
    limits.free_disk.is_some()
}

pub(super) async fn read(connection: &Connection, table: u32, explicit: bool) -> Result<Readings, Error> {
    let both = |reading| vec![reading; 2];
    let statement = connection.prepared(include_str!("disk.sql")).await?;
    let row = connection.query_one(&statement, &[&table]).await?;
    // Most servers run elsewhere: that is worth no warning, unless somebody relies on the limit.
    let elsewhere = || if explicit { out_of_reach(ELSEWHERE) } else { not_applicable(ELSEWHERE) };
    if !row.get::<_, bool>("same_machine") {
        return Ok(both(elsewhere()));
    }
    let Some(data) = row.get::<_, Option<String>>("data_directory").map(PathBuf::from) else {
        return Ok(both(out_of_reach(HIDDEN)));
    };
    let tablespace = row.get::<_, Option<String>>("tablespace").map(PathBuf::from);
    let places = [Some(data.clone()), Some(data.join("pg_wal")), tablespace];
    // A disk that hangs must not hang this thread.
    let seen = tokio::task::spawn_blocking(move || {
        places.into_iter().flatten().filter_map(|place| free(&place)).collect::<Vec<Free>>()
    });
    let Ok(seen) = seen.await else { return Ok(both(not_yet("the disk was not looked at"))) };
    // pg_wal lies in a directory that is the server's alone; without the data directory itself nothing is known.
    if !seen.iter().any(|free| free.place == data) {
        return Ok(both(elsewhere()));
    }
    let least = |of: fn(&Free) -> f64| {
        let least = seen.iter().min_by(|one, other| of(one).total_cmp(&of(other)));
        least.map_or_else(elsewhere, |free| value(of(free), free.place.display().to_string()))
    };
    Ok(vec![least(|free| free.share), least(|free| free.bytes)])
}

/// Bytes that are free where the table and the WAL grow; `None`: it can't be seen from here.
pub async fn free_disk(connection: &Connection, table: u32) -> Result<Option<f64>, Error> {
    let readings = read(connection, table, false).await?;
    Ok(readings.into_iter().nth(1).and_then(|reading| match reading {
        Reading::Value { value, .. } => Some(value),
        _ => None,
    }))
}

/// What an ordinary user may still write there; `None`: it can't be seen.
fn free(place: &Path) -> Option<Free> {
    let disk = rustix::fs::statvfs(place).ok()?;
    let share = disk.f_bavail as f64 / disk.f_blocks.max(1) as f64;
    let bytes = disk.f_bavail as f64 * disk.f_frsize as f64;
    Some(Free { place: place.to_owned(), share, bytes })
}
