//! The history: how it is shown, changed, recorded, and what holds when it goes wrong.

mod changed;
mod check;
mod conditions;
mod crash;
mod data_down;
mod detached;
mod downgrade;
mod gate;
mod locks;
mod lost;
mod roundtrip;
mod script;
mod search_path;
mod shown;
mod stamp;
mod statements;
mod together;
mod walks;

pub(crate) use crash::FAILPOINTS;

/// A revision that makes a table with a row.
const INVOICE: &str = "-- revision: aaaa1111\n-- migrate:up\nCREATE TABLE invoice (id int PRIMARY KEY, amount int);\n\
    INSERT INTO invoice VALUES (1, 10);\n-- migrate:down\nDROP TABLE invoice;\n";

/// A revision's file.
fn revision(id: &str, revises: &str, up: &str, down: &str) -> String {
    format!(
        "-- revision: {id}\n-- revises: {revises}\n-- message: about {id}\n\n-- migrate:up\n{up}\n-- migrate:down\n{down}\n"
    )
}
