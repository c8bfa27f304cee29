//! The integration tests: one binary, a module a behaviour, every test on a database of its own.

mod layers;
mod main_job;
mod support;
mod wrong_input;
