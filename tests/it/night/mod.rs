//! The night shift: hours, commands from elsewhere, locks, and several processes on one run.

mod chaos;
mod control;
mod hosts;
mod hours;
mod locks;
mod replica;
mod story;
