//! The control schema: where history, runs and progress are kept, and the one place that reads and writes them.
//!
//! Each statement is a file in `sql/`, named by what it does. The schema has a version; [`Store::install`] brings an
//! older one up step by step. The progress of a batch is not written here but in the batch's own transaction, by
//! `engine::batch`, with [`Statements::fence`] in front.

mod alert;
mod command;
mod control;
mod event;
mod forecast;
mod install;
mod listing;
mod pulse;
mod quarantine;
mod range;
mod revision;
mod rights;
mod run;
mod script;
mod section;
mod series;
mod timing;
mod worker;

use crate::pg::{ErrorClass, classify, quote, sqlstate};
use install::{BRING_UP, MAKE};

pub use alert::{ClaimedAlert, EventSince, KeptAlert, MOST_EVENTS, OpenAlert, Sending};
pub use command::UpgradeCommand;
pub use control::{Beat, CHANNEL, Dead, Orders, Peer, Waits, Wish};
pub use event::{Event, LoggedEvent};
pub use forecast::{ForecastRow, NewForecast};
pub use listing::{EventsOf, ListedRun, NumberedEvent, QuarantinedKey};
pub use pulse::{HoldBegan, Pulse};
pub use quarantine::{Culprit, KeptBy, QuarantineCount, Quarantined, Settlement};
pub use range::{MappedRange, NewRange, PassTotals, RangeRow};
pub use revision::{AppliedRevision, Neighbours, Origin, Recording};
pub use rights::Use;
pub use run::{NewRun, RunRow};
pub use section::SectionProgress;
pub use series::{HoldPeriod, LoggedBatch, NewSample, Point, SignalPoint, SignalSeries, Span, Stay};
pub use timing::{Answer, Subject, Timing};
pub use worker::{Identity, LEASE_TTL, WorkerRow};

/// The control schema of one database.
#[derive(Clone, Debug)]
pub struct Store {
    /// The schema's name, not quoted.
    pub schema: String,
    /// Its statements.
    pub sql: Statements,
}

/// Why the control schema could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server refused a statement.
    #[error("can't {doing}")]
    Sql {
        /// What was being done: "record an event".
        doing: &'static str,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A newer longhaul has been here.
    #[error("the control schema `{schema}` has version {found}, and this longhaul knows {known}")]
    TooNew {
        /// The schema.
        schema: String,
        /// Its version.
        found: i32,
        /// The newest version this program knows.
        known: i32,
    },
    /// An older longhaul made it, and nothing that writes has been here since.
    #[error("the control schema `{schema}` has version {found}, and this longhaul reads {known}")]
    TooOld {
        /// The schema.
        schema: String,
        /// Its version.
        found: i32,
        /// The version this program works with.
        known: i32,
    },
    /// A schema of that name is there and is not ours.
    #[error("the schema `{schema}` exists and was not made by longhaul")]
    Foreign {
        /// The schema.
        schema: String,
    },
    /// What a revision makes without naming a schema would land among our own tables.
    #[error(
        "the control schema `{schema}` comes first in the search_path of the role {role}: what a revision makes without \
         naming a schema would be made there"
    )]
    ComesFirst {
        /// The schema.
        schema: String,
        /// The role.
        role: String,
    },
    /// The role may not do what it is to do.
    #[error("the role {role} lacks rights on the control schema `{schema}`: {}", missing.join("; "))]
    Rights {
        /// The schema.
        schema: String,
        /// The role, quoted.
        role: String,
        /// What it lacks, as GRANT writes it.
        missing: Vec<String>,
    },
    /// Something stored can't be understood.
    #[error(transparent)]
    State(#[from] crate::model::UnknownState),
}

macro_rules! statements {
    ($($name:ident),* $(,)?) => {
        /// The text of every statement, with the schema's name in place.
        #[derive(Clone, Debug)]
        pub struct Statements {
            $(
                #[doc = concat!("`sql/", stringify!($name), ".sql`")]
                pub $name: String,
            )*
        }

        impl Statements {
            fn for_schema(quoted: &str) -> Self {
                Self {
                    $($name: include_str!(concat!("sql/", stringify!($name), ".sql")).replace("{schema}", quoted),)*
                }
            }
        }
    };
}

statements! {
    accept_revision, advance, advance_alert, beat, begin_section, begin_statement, claim_alert,
    claim_range, close_ranges, confirm_workers, count_alerts, count_other_workers, count_quarantine,
    create_run, deregister_workers, describe_walk, end_section, events_since, fence, find_default_schema,
    find_forecast, find_history_holder, find_run, finish_command, finish_range, finish_statement,
    first_worker, forget_alerts, forget_revision, give_up_runs, keep_before, keep_forecast,
    keep_preimage, latest_events, list_alerts, list_backends, list_batches, list_events, list_holds, list_peers, list_quarantine,
    list_ranges, list_revisions, list_runs, list_sections, list_stays, list_timings, list_workers,
    lock_history, lock_quarantined, lock_revisions, lock_run, lock_runs, missing_rights, move_worker,
    neighbours_applied, note_waits, notice_alert, notify_workers, open_alerts, open_commands,
    open_ranges, pass_totals, plan_range, preimage_columns, preimages, prune_batches, prune_preimages,
    quarantine_keys, quarantine_room, quarantine_row, read_before, read_clock, read_database_settings,
    read_orders, read_pulse, read_range, read_section, read_version, read_zone, reap_workers,
    recent_batches, recent_events, record_event, record_revision, record_sample, record_timing,
    refuse_touched, register_worker, release_ranges, remove_workers, request_command, restore,
    revoke_leases, run_of_range, runs_of_job, same_file, same_table, series, set_database_settings,
    set_run_settings, set_run_state, set_wanted, settle_alert, settle_quarantined, share_runs,
    signal_series, spared, split_range, start_pass, try_quarantined, undo_revision, unfinished_run_ids,
    unfinished_runs, watch_alert,
}

impl Store {
    /// The store in the schema of that name. Touches nothing.
    #[must_use]
    pub fn new(schema: &str) -> Self {
        Self { schema: schema.to_owned(), sql: Statements::for_schema(&quote::quoted(schema)) }
    }
}

impl StoreError {
    /// The class of the server's error, where there is one.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Sql { source, .. } => classify(source),
            Self::Rights { .. } => ErrorClass::Rights,
            Self::TooNew { .. }
            | Self::TooOld { .. }
            | Self::Foreign { .. }
            | Self::ComesFirst { .. }
            | Self::State(_) => ErrorClass::Other,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Sql { doing, source } if classify(source) == ErrorClass::Rights => Some(rights_hint(doing)),
            Self::Sql { source, .. } => sqlstate::hint(source),
            Self::Rights { role, missing, .. } => {
                let grants: Vec<String> =
                    missing.iter().map(|missing| format!("GRANT {missing} TO {role}")).collect();
                Some(format!("{}; scripts/grants.sql grants what each kind of role needs", grants.join("; ")))
            }
            Self::TooNew { .. } | Self::State(_) => {
                Some("use the newer longhaul that was here last".to_owned())
            }
            Self::TooOld { .. } => {
                Some("`longhaul upgrade` brings it up, and so does any other command that writes".to_owned())
            }
            Self::Foreign { .. } => {
                Some("name another with `schema = \"…\"` in the configuration".to_owned())
            }
            Self::ComesFirst { role, .. } => Some(format!(
                "ALTER ROLE {} SET search_path = public; or connect as another role, or name another `schema` in the \
                 configuration",
                quote::quoted(role)
            )),
        }
    }
}

/// What to do where the server says that a right is missing.
fn rights_hint(doing: &str) -> String {
    match doing {
        MAKE => "it takes CREATE on the database, or a schema of the role's own that a DBA makes beforehand: \
                 scripts/grants.sql",
        BRING_UP => "only the owner of its tables can: let that role run `longhaul upgrade` first, then scripts/grants.sql again",
        _ => "scripts/grants.sql grants what each kind of role needs",
    }
    .to_owned()
}

/// Makes the `map_err` argument for a statement.
fn doing(doing: &'static str) -> impl FnOnce(tokio_postgres::Error) -> StoreError {
    move |source| StoreError::Sql { doing, source }
}
