//! Columns that are added or changed.

use super::{Case, Words, name_for, shell};
use crate::plan::lint::cost::Work;
use crate::plan::lint::effects::is_volatile;
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::operation::{Change, NewColumn, Operation};

fn added<'c>(case: &Case<'c>) -> Option<(&'c str, &'c NewColumn)> {
    match case.operation {
        Operation::Alter { table, change: Change::AddColumn(column) } => Some((table, column)),
        _ => None,
    }
}

fn does(case: &Case<'_>, work: Work) -> bool {
    case.effects.iter().any(|effect| effect.work == work)
}

/// `ALTER TABLE t ADD COLUMN c type;`
fn plainly(table: &str, column: &NewColumn) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {} {};", column.name, column.type_name)
}

pub(super) fn rewrite(case: &Case<'_>) -> Option<Finding> {
    let (table, column) = added(case)?;
    if !does(case, Work::Rewrite) {
        return None;
    }
    let name = &column.name;
    case.if_blocking(|| {
        let (what, safe) = if column.is_stored {
            (
                "is computed and stored",
                format!(
                    "{}\n-- a BEFORE INSERT OR UPDATE trigger that sets {name}, then a job for the rows that are there:\n\
                     -- longhaul revision --job -m \"fill {table}.{name}\"",
                    plainly(table, column)
                ),
            )
        } else if column.is_numbered {
            let sequence = name_for(table, &[name], "seq");
            let integer = match column.type_name.to_ascii_lowercase().as_str() {
                "bigserial" | "serial8" => "bigint",
                "serial" | "serial4" => "integer",
                "smallserial" | "serial2" => "smallint",
                _ => column.type_name.as_str(),
            };
            (
                "gets a number from a sequence",
                format!(
                    "ALTER TABLE {table} ADD COLUMN {name} {integer};\nCREATE SEQUENCE {sequence} OWNED BY {table}.{name};\n\
                     ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT nextval('{sequence}');\n\
                     -- then a job for the rows that are there: longhaul revision --job -m \"number {table}.{name}\""
                ),
            )
        } else if is_volatile(column, case.scene) {
            let default = column.default.as_deref().unwrap_or_default();
            (
                "gets another default for each row",
                format!(
                    "{}\nALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};\n\
                     -- then a job for the rows that are there: longhaul revision --job -m \"fill {table}.{name}\"",
                    plainly(table, column)
                ),
            )
        } else {
            (
                "is of a domain whose values are checked",
                format!(
                    "-- add {name} with the type under the domain {}, a CHECK that is NOT VALID, and validate it in another revision",
                    column.type_name
                ),
            )
        };
        Words {
            says: format!("{table}.{name} {what}, so the whole table is written anew"),
            why: "a rewrite holds ACCESS EXCLUSIVE until heap and indexes are written",
            safe,
        }
    })
}

pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let (table, column) = added(case)?;
    if !column.has_check || !does(case, Work::Scan) {
        return None;
    }
    let constraint = name_for(table, &[&column.name], "check");
    case.if_blocking(|| Words {
        says: format!("the CHECK of the new column {table}.{} looks at every row", column.name),
        why: "the rows are looked at under the ACCESS EXCLUSIVE of ADD COLUMN, though all have the same value",
        safe: format!(
            "{}\nALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK (…) NOT VALID;\n\
             -- in the next revision:\nALTER TABLE {table} VALIDATE CONSTRAINT {constraint};",
            plainly(table, column)
        ),
    })
}

pub(super) fn unique(case: &Case<'_>) -> Option<Finding> {
    let (table, column) = added(case)?;
    let word = column.unique?;
    if !does(case, Work::Build) {
        return None;
    }
    let (name, key) = (&column.name, name_for(table, &[&column.name], "key"));
    case.if_blocking(|| Words {
        says: format!("an index for {word} on the new column {table}.{name} is built while all wait"),
        why: "the index is built under the ACCESS EXCLUSIVE of ADD COLUMN",
        safe: format!(
            "{}\n-- in a revision with `-- migrate:up transaction:false`:\n\
             CREATE UNIQUE INDEX CONCURRENTLY {key} ON {table} ({name});\n\
             ALTER TABLE {table} ADD CONSTRAINT {key} {word} USING INDEX {key};",
            plainly(table, column)
        ),
    })
}

pub(super) fn foreign_key(case: &Case<'_>) -> Option<Finding> {
    let (table, column) = added(case)?;
    let other = column.references.as_ref()?;
    if !does(case, Work::LookUp) {
        return None;
    }
    let constraint = name_for(table, &[&column.name], "fkey");
    case.if_blocking(|| Words {
        says: format!("each row of {table} is looked up in {other}: the new column has a default"),
        why: "the foreign key is looked at under ACCESS EXCLUSIVE, and writes to the other table wait as well",
        safe: format!(
            "{}\nALTER TABLE {table} ADD CONSTRAINT {constraint} FOREIGN KEY ({}) REFERENCES {other} NOT VALID;\n\
             -- in the next revision:\nALTER TABLE {table} VALIDATE CONSTRAINT {constraint};",
            plainly(table, column),
            column.name
        ),
    })
}

pub(super) fn required(case: &Case<'_>) -> Option<Finding> {
    let (table, column) = added(case)?;
    let has_value = column.default.is_some() || column.is_numbered || column.is_stored || column.is_virtual;
    if !column.not_null || has_value || case.effects.is_empty() {
        return None;
    }
    let is_empty = case.scene.relation(table).is_some_and(|found| found.heap == 0);
    let level = if is_empty { Level::Note } else { Level::Danger };
    let name = &column.name;
    Some(case.finding(
        level,
        Words {
            says: format!("{table}.{name} is NOT NULL and has no default: this fails if the table has a row"),
            why: "the rows that are there would have NULL in it",
            safe: format!(
                "{}\n-- a job that fills it: longhaul revision --job -m \"fill {table}.{name}\"\n\
                 -- then: longhaul add-not-null {}\n-- or, with one value for all, at once and without a rewrite:\n\
                 ALTER TABLE {table} ADD COLUMN {name} {} NOT NULL DEFAULT …;",
                plainly(table, column),
                shell(&format!("{table}.{name}")),
                column.type_name
            ),
        },
    ))
}

pub(super) fn change_type(case: &Case<'_>) -> Option<Finding> {
    let (table, column, becomes) = match case.operation {
        Operation::Alter { table, change: Change::SetType { column, to, .. } } => (table, column, Some(to)),
        Operation::Alter { table, change: Change::SetExpression { column } } => (table, column, None),
        _ => return None,
    };
    let says = match (becomes, does(case, Work::Rewrite)) {
        (Some(to), true) => format!("{table}.{column} becomes {to}, so the whole table is written anew"),
        (Some(to), false) => {
            format!("{table}.{column} becomes {to}, and its CHECK looks at every row once more")
        }
        (None, _) => format!("{table}.{column} gets another expression, so the whole table is written anew"),
    };
    let safe = match becomes {
        Some(to) => format!("longhaul change-type {} {}", shell(&format!("{table}.{column}")), shell(to)),
        None => "-- a plain column, kept by a trigger and filled by a job".to_owned(),
    };
    let why = "values that don't keep their bytes are written anew, with every index, under ACCESS EXCLUSIVE";
    case.if_blocking(|| Words { says, why, safe })
}

pub(super) fn set_not_null(case: &Case<'_>) -> Option<Finding> {
    let Operation::Alter { table, change: Change::SetNotNull { column } } = case.operation else {
        return None;
    };
    let constraint = name_for(table, &[column], "not_null");
    let place = shell(&format!("{table}.{column}"));
    let safe = if case.scene.facts.version >= 18 {
        format!(
            "ALTER TABLE {table} ADD CONSTRAINT {constraint} NOT NULL {column} NOT VALID;\n\
             -- in the next revision:\nALTER TABLE {table} VALIDATE CONSTRAINT {constraint};\n-- or: longhaul add-not-null {place}"
        )
    } else {
        format!(
            "ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IS NOT NULL) NOT VALID;\n\
             -- in the next revision:\nALTER TABLE {table} VALIDATE CONSTRAINT {constraint};\n\
             -- in the one after that, which looks at no row then:\nALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n\
             ALTER TABLE {table} DROP CONSTRAINT {constraint};\n-- or: longhaul add-not-null {place}"
        )
    };
    case.if_blocking(|| Words {
        says: format!("SET NOT NULL looks at every row of {table}"),
        why: "no valid CHECK proves that no row has NULL, so all are looked at under ACCESS EXCLUSIVE",
        safe,
    })
}
