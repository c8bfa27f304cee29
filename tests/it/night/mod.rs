//! The night shift: hours, commands from elsewhere, locks, and several processes on one run.

mod budget;
mod chaos;
mod commands;
mod control;
mod holds;
mod hosts;
mod hours;
mod locks;
mod replica;
mod scaling;
mod story;
