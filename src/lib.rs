//! longhaul takes a PostgreSQL database through its history of change: short schema revisions, and long data jobs
//! that can be interrupted at any point and go on where they were.
//!
//! The layers, each of which uses only those above it (a test reads the sources and holds them to it):
//!
//! | layer | holds |
//! |---|---|
//! | [`clock`] | the monotonic and the wall clock, and one that tests move |
//! | [`model`] | plain data: ids, names, keys, jobs, revisions, run states |
//! | [`plan`] | pure decisions: graph, walk, strides, drift, batch size, backoff, transition, ETA |
//! | [`manifest`], [`config`] | files and environment in, model and settings out |
//! | [`pg`] | connections, error classes, quoting, the catalog, a private server |
//! | [`store`], [`throttle`] | the control schema; what holds a run back |
//! | [`kit`] | changes of columns without downtime, as revision files |
//! | [`engine`] | batches, runs, schema revisions, preflight checks |
//! | [`observe`] | progress in the terminal |
//! | [`web`] | the status page |
//! | [`cli`] | one file a command |

pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod kit;
pub mod manifest;
pub mod model;
pub mod observe;
pub mod pg;
pub mod plan;
pub mod store;
pub mod throttle;
pub mod web;
