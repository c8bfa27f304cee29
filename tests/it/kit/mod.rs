//! Changes of columns without downtime: forward to the end and backward from every step, with clients that know the old
//! column and clients that know the new one writing throughout.

mod clients;
mod files;
mod golden;
mod trigger;
