//! The history: how it is shown, changed, recorded, and what holds when it goes wrong.

mod crash;
mod data_down;
mod detached;
mod gate;
mod locks;
mod lost;
mod roundtrip;
mod search_path;
mod shown;
mod statements;
mod together;

pub(crate) use crash::FAILPOINTS;

/// A revision that makes a table with a row.
const INVOICE: &str = "-- revision: aaaa1111\n-- migrate:up\nCREATE TABLE invoice (id int PRIMARY KEY, amount int);\n\
    INSERT INTO invoice VALUES (1, 10);\n-- migrate:down\nDROP TABLE invoice;\n";
