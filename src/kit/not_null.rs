//! `add-not-null`: a column becomes NOT NULL, and rows without a value get one first.

use super::backfill::{JobDown, JobText};
use super::book::{Book, Chapter, Page, Running};
use super::change::{Change, KitError};
use super::checks::{made_not_null, nullable};
use super::names::Names;
use super::successor::refuse_inherited;
use super::sync::place;
use crate::pg::anatomy::Anatomy;
use crate::pg::anatomy::scratch::Renamed;

/// The revisions that make the column NOT NULL. `fill` is the value for rows that have none, an SQL expression over the row;
/// without it none may be there.
pub fn add_not_null(anatomy: &Anatomy, fill: Option<&str>) -> Result<(Vec<Page>, Book), KitError> {
    let name = anatomy.column.name.clone();
    let renamed = Renamed::default();
    let change = Change::standing_still(anatomy, &renamed, &name);
    refuse_inherited(&change)?;
    if anatomy.column.not_null {
        return Err(KitError::unfit(
            format!("{name} of {} is NOT NULL already", change.table()),
            "there is nothing to do",
        ));
    }
    let mut book = Book::default();
    let mut names = Names::of(&anatomy.table);
    let mut pages = Vec::new();
    let (table, column) = (change.table(), change.q(&name));
    let title = |what: &str| format!("{what} {}.{name} to be not null", anatomy.table.name);
    let mut contract = Chapter::default();
    if let Some(fill) = fill {
        let wanted = format!("{}_fill_{name}", anatomy.table.name);
        let mut taken = Names::new(anatomy.triggers.iter().map(|trigger| trigger.name.clone()));
        let trigger = change.q(&place(&change, &wanted, &mut taken, &mut Book::default())?);
        let function = change.beside(&names.fresh(&wanted));
        let make = vec![
            format!(
                "create function {function}() returns trigger\nlanguage plpgsql as $fill$\nbegin\n    if new.{column} is null then\n        new.{column} := (select {fill} from (select new.*) as {});\n    end if;\n    return new;\nend\n$fill$",
                change.q(&anatomy.table.name)
            ),
            format!(
                "create trigger {trigger}\n    before insert or update on {table}\n    for each row\n    execute function {function}()"
            ),
        ];
        let drop = vec![format!("drop trigger {trigger} on {table}"), format!("drop function {function}()")];
        let mut expand = Chapter::default();
        expand.pair(make.clone(), drop.clone());
        contract.pair(drop, make);
        let comment = format!(
            "Expand: {column} of {table} is to be NOT NULL. From here until the contract a client that leaves it out, or writes \
             null, gets {fill}: no client fails."
        );
        pages.extend(Page::schema(title("expand"), "at once", &comment, &expand, Running::Together));
        let fill = JobText {
            comment: "Rows from before the expand; later ones have a value already.",
            table: &table,
            set: vec![(column.clone(), fill.to_owned())],
            filter: Some(format!("{column} is null")),
            totals: Vec::new(),
            down: JobDown::Keep,
        };
        pages.push(fill.page(title("fill"), "at once, or at night: it can be interrupted"));
    }
    book.build.pair(made_not_null(&change, &name, &mut names), nullable(&change, &name));
    let comment = "The table is looked at beside everybody's work, under a constraint that is not valid yet; NOT NULL itself then \
                   needs no look.";
    pages.extend(Page::schema(title("build"), "then", comment, &book.build, Running::Apart));
    let comment = "Contract: for when no client leaves the column out any more, or writes null. From here on such a client fails.";
    pages.extend(Page::schema(
        title("contract"),
        "when no client leaves it out any more",
        comment,
        &contract,
        Running::Together,
    ));
    Ok((pages, book))
}
