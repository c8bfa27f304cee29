//! What `doctor` says of a server: what is fine, what isn't, and what to do.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::model::{human_duration, human_size};

/// Connections of a process beside those of its workers: heartbeat, signals, locks, VACUUM.
const BESIDE: u32 = 4;

/// With less WAL between checkpoints than this, a run at full speed asks for one checkpoint after another, and each page is
/// written whole again behind it.
const LITTLE_WAL: u64 = 4 << 30;

/// The server's default, which nobody has thought about yet.
const DEFAULT_BUFFERS: u64 = 128 << 20;

/// Clocks that differ by less are the same, for people.
const SAME_TIME: f64 = 2.0;

/// What was read of a server.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is what the server answers to one question")]
pub struct Server {
    /// As it calls itself.
    pub version: String,
    /// The version of TLS; `None`: nothing is encrypted.
    pub tls: Option<String>,
    /// No network is in between.
    pub is_here: bool,
    /// Whom we are, quoted.
    pub role: String,
    /// Where, quoted.
    pub database: String,
    /// Others' sessions are shown to the role.
    pub reads_activity: bool,
    /// The role may make schemas.
    pub may_create: bool,
    /// The role may use the control schema; `None`: there is none yet.
    pub may_use_control: Option<bool>,
    /// Connections that are left.
    pub free_connections: i64,
    /// Dead rows are cleaned up by themselves.
    pub autovacuum: bool,
    /// Sessions tell what they do.
    pub track_activities: bool,
    /// Bytes.
    pub max_wal_size: u64,
    /// Bytes.
    pub shared_buffers: u64,
    /// Standbys that stream.
    pub standbys: i64,
    /// A COMMIT waits for one of them.
    pub waits_for_standbys: bool,
    /// Replication slots that nobody uses.
    pub idle_slots: Vec<String>,
    /// Prepared transactions.
    pub prepared: Vec<String>,
    /// Event triggers at work.
    pub event_triggers: Vec<String>,
    /// Extensions, without the one that every database has.
    pub extensions: Vec<String>,
    /// WAL is archived.
    pub archives: bool,
    /// When archiving failed, if it does now.
    pub archive_failed: Option<String>,
    /// Seconds by which the server's clock is ahead of ours.
    pub clock_ahead: f64,
}

/// How things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As they should be.
    Fine,
    /// Worth knowing.
    Note,
    /// Something will not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub subject: &'static str,
    /// How it is.
    pub level: Level,
    /// In words.
    pub says: String,
    /// What to do.
    pub mend: Option<String>,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn fine(subject: &'static str, says: impl Into<String>) -> Self {
        Self { subject, level: Level::Fine, says: says.into(), mend: None }
    }

    /// Worth knowing.
    #[must_use]
    pub fn note(subject: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { subject, level: Level::Note, says: says.into(), mend: Some(mend.into()) }
    }

    /// It will not work.
    #[must_use]
    pub fn bad(subject: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { subject, level: Level::Bad, says: says.into(), mend: Some(mend.into()) }
    }
}

/// What is asked from here.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Workers of a process.
    pub workers: u32,
    /// The control schema.
    pub control: &'w str,
    /// Whether the server's certificate is verified.
    pub is_verified: bool,
}

/// What is to be said of the server.
#[must_use]
pub fn judge(server: &Server, wanted: Wanted<'_>) -> Vec<Finding> {
    let Wanted { workers, control, is_verified } = wanted;
    let mut findings = vec![Finding::fine("version", format!("PostgreSQL {}", server.version))];
    findings.push(encryption(server, is_verified));
    findings.extend([rights(server, control), sight(server), connections(server, workers)]);
    findings.extend([dead_rows(server), wal(server), buffers(server)]);
    findings.extend([archive(server), standbys(server), slots(server), prepared(server)]);
    findings.extend([extensions(server), event_triggers(server), clocks(server)]);
    findings
}

fn encryption(server: &Server, is_verified: bool) -> Finding {
    match &server.tls {
        Some(version) if is_verified => {
            Finding::fine("TLS", format!("{version}, the certificate is verified"))
        }
        _ if server.is_here => Finding::fine("TLS", "not needed: the server is on this machine"),
        Some(version) => Finding::note(
            "TLS",
            format!("{version}, and whoever stands between could pretend to be the server"),
            "sslmode=verify-full with sslrootcert=ca.pem (or =system)",
        ),
        None => Finding::note(
            "TLS",
            "nothing is encrypted: whoever stands between reads and changes what goes by",
            "turn TLS on in the server, then sslmode=verify-full with sslrootcert=ca.pem (or =system)",
        ),
    }
}

fn rights(server: &Server, control: &str) -> Finding {
    let Server { role, database, .. } = server;
    match server.may_use_control {
        Some(true) => Finding::fine("rights", format!("{role} may use the control schema {control}")),
        Some(false) => Finding::bad(
            "rights",
            format!("{role} may not use the control schema {control}"),
            format!(
                "GRANT USAGE ON SCHEMA {control} TO {role}, and the rights on its tables: scripts/grants.sql"
            ),
        ),
        None if server.may_create => {
            Finding::fine("rights", format!("{role} may make the control schema {control}"))
        }
        None => Finding::bad(
            "rights",
            format!("{role} may not make the control schema {control}"),
            format!(
                "GRANT CREATE ON DATABASE {database} TO {role}, or make it beforehand: scripts/grants.sql"
            ),
        ),
    }
}

fn sight(server: &Server) -> Finding {
    let Server { role, .. } = server;
    if !server.track_activities {
        return Finding::note(
            "sight",
            "track_activities is off: nobody sees what sessions do",
            "ALTER SYSTEM SET track_activities = on, or limits that watch sessions can't be kept",
        );
    }
    if server.reads_activity {
        return Finding::fine("sight", format!("{role} sees what other sessions do"));
    }
    Finding::note(
        "sight",
        format!(
            "{role} doesn't see what other sessions do: several limits can't be kept, and whoever blocks isn't named"
        ),
        format!("GRANT pg_monitor TO {role}"),
    )
}

fn connections(server: &Server, workers: u32) -> Finding {
    let (free, wanted) = (server.free_connections, i64::from(workers + BESIDE));
    if free < wanted {
        return Finding::bad(
            "connections",
            format!("{free} are free, and a process with {workers} workers takes up to {wanted}"),
            "raise max_connections, or work with fewer --workers",
        );
    }
    Finding::fine("connections", format!("{free} are free; a process takes up to {wanted}"))
}

fn dead_rows(server: &Server) -> Finding {
    if server.autovacuum {
        Finding::fine("autovacuum", "on")
    } else {
        Finding::note(
            "autovacuum",
            "off, or track_counts is: dead rows of a long run are only cleaned up by its own VACUUM",
            "ALTER SYSTEM SET autovacuum = on",
        )
    }
}

fn wal(server: &Server) -> Finding {
    let size = human_size(server.max_wal_size);
    if server.max_wal_size < LITTLE_WAL {
        return Finding::note(
            "WAL",
            format!(
                "max_wal_size is {size}: at full speed checkpoint follows checkpoint, and WAL grows by whole pages"
            ),
            "ALTER SYSTEM SET max_wal_size = '16GB', or set a limit wal_per_second",
        );
    }
    Finding::fine("WAL", format!("max_wal_size is {size}"))
}

fn buffers(server: &Server) -> Finding {
    let size = human_size(server.shared_buffers);
    if server.shared_buffers <= DEFAULT_BUFFERS {
        return Finding::note(
            "memory",
            format!("shared_buffers is {size}, as it is delivered"),
            "a quarter of the machine's memory is usual; a run is faster the more of the table's hot pages stay in it",
        );
    }
    Finding::fine("memory", format!("shared_buffers is {size}"))
}

fn archive(server: &Server) -> Finding {
    match &server.archive_failed {
        Some(when) if server.archives => Finding::bad(
            "archive",
            format!(
                "archiving WAL fails, last at {when}: a run holds, for what isn't archived fills the disk"
            ),
            "mend archive_command or archive_library; the server's log says why it fails",
        ),
        _ if server.archives => Finding::fine("archive", "takes the WAL"),
        _ => Finding::fine("archive", "there is none"),
    }
}

fn standbys(server: &Server) -> Finding {
    match (server.standbys, server.waits_for_standbys) {
        (0, false) => Finding::fine("standbys", "none streams"),
        (0, true) if server.reads_activity => Finding::bad(
            "standbys",
            "a COMMIT waits for a synchronous standby, and none streams",
            "bring the standby up, or take it out of synchronous_standby_names",
        ),
        (number, true) => Finding::note(
            "standbys",
            format!("{number} stream, and each batch's COMMIT waits for one of them"),
            "a batch is as slow as its network; fewer and larger ones wait less often: target",
        ),
        (number, false) => Finding::fine("standbys", format!("{number} stream; a run holds when they lag")),
    }
}

fn slots(server: &Server) -> Finding {
    if server.idle_slots.is_empty() {
        return Finding::fine("slots", "none is idle");
    }
    let names = server.idle_slots.join(", ");
    Finding::note(
        "slots",
        format!(
            "nobody reads from {names}: what a run writes is kept for it, and a run holds past slot_retained"
        ),
        "SELECT pg_drop_replication_slot(…) for one that nobody will come back to",
    )
}

fn prepared(server: &Server) -> Finding {
    if server.prepared.is_empty() {
        return Finding::fine("prepared", "no prepared transaction waits for its COMMIT");
    }
    Finding::bad(
        "prepared",
        format!("prepared transactions keep their locks and every dead row: {}", server.prepared.join("; ")),
        "COMMIT PREPARED or ROLLBACK PREPARED",
    )
}

fn extensions(server: &Server) -> Finding {
    let there = if server.extensions.is_empty() {
        "none is there".to_owned()
    } else {
        format!("there are {}", server.extensions.join(", "))
    };
    Finding::fine("extensions", format!("none is needed; {there}"))
}

fn event_triggers(server: &Server) -> Finding {
    if server.event_triggers.is_empty() {
        return Finding::fine("event triggers", "none");
    }
    Finding::note(
        "event triggers",
        format!("{} fire for the DDL of revisions", server.event_triggers.join(", ")),
        "one that raises an error stops an upgrade, and one that waits makes it wait with its locks held",
    )
}

fn clocks(server: &Server) -> Finding {
    let off = server.clock_ahead;
    if off.abs() < SAME_TIME {
        return Finding::fine("clocks", "this machine's and the server's show the same time");
    }
    let how = human_duration(Duration::from_secs_f64(off.abs()));
    let where_to = if off > 0.0 { "ahead of" } else { "behind" };
    Finding::note(
        "clocks",
        format!("the server's is {how} {where_to} this machine's"),
        "hours and leases go by the server's, so nothing breaks; what the logs of both say doesn't fit together",
    )
}
