//! The integration tests: one binary, a module a behaviour, every test on a database of its own.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod alembic;
mod alerts;
mod crash;
mod doctor;
mod errors;
mod example;
mod exclusive;
mod failover;
mod files;
mod history;
mod interleaved;
mod inventory;
mod keys;
mod kit;
mod layers;
mod lint;
mod logs;
mod main_job;
mod metrics;
mod night;
mod once;
mod page;
mod pooled;
mod pressure;
mod quarantine;
mod rehearsal;
mod rights;
mod safeguard;
mod secrets;
mod seen;
mod signals;
mod support;
mod tls;
mod torture;
#[cfg(feature = "otel")]
mod traces;
mod trouble;
mod undo;
mod untouched;
mod verify;
mod wrong_input;
