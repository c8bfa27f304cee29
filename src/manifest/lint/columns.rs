//! Columns and constraints.

use squawk_syntax::ast::{AddColumn, AstNode, CallExpr, Constraint, ConstraintOption, Expr, GeneratedAs};

use super::names::{Names, name, text};
use crate::manifest::statement::plain;
use crate::plan::lint::operation::{ConstraintKind, NewColumn, NewConstraint};

const SERIAL: [&str; 6] = ["serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"];

pub(super) fn new_column(action: &AddColumn, names: &Names) -> NewColumn {
    let type_name = action.ty().map(|ty| text(&ty)).unwrap_or_default();
    let mut column = NewColumn {
        name: name(action.column_name()),
        is_numbered: SERIAL.contains(&type_name.to_ascii_lowercase().as_str()),
        type_name,
        if_not_exists: action.if_not_exists().is_some(),
        ..NewColumn::default()
    };
    for constraint in action.constraints() {
        match constraint {
            Constraint::DefaultConstraint(default) => {
                if let Some(expression) = default.expr() {
                    column.calls.extend(calls(&expression));
                    column.default = Some(text(&expression));
                }
            }
            Constraint::GeneratedConstraint(generated) => {
                if let Some(GeneratedAs::GeneratedStored(expression)) = generated.generated_as() {
                    let is_stored = text(&expression).to_ascii_uppercase().ends_with("STORED");
                    (column.is_stored, column.is_virtual) = (is_stored, !is_stored);
                } else {
                    (column.is_numbered, column.not_null) = (true, true);
                }
            }
            Constraint::ReferencesConstraint(foreign) => {
                column.references = Some(names.relation(foreign.table()));
            }
            Constraint::PrimaryKeyConstraint(_) => column.unique = Some("PRIMARY KEY"),
            Constraint::UniqueConstraint(_) => column.unique = Some("UNIQUE"),
            Constraint::CheckConstraint(_) => column.has_check = true,
            Constraint::NotNullConstraint(_) => column.not_null = true,
            Constraint::ExcludeConstraint(_)
            | Constraint::ForeignKeyConstraint(_)
            | Constraint::NullConstraint(_) => {}
        }
    }
    column
}

/// The functions that an expression calls.
fn calls(expression: &Expr) -> Vec<String> {
    let calls = expression.syntax().descendants().filter_map(CallExpr::cast);
    calls.filter_map(|call| call.expr()).map(|function| plain(&text(&function))).collect()
}

pub(super) fn new_constraint(constraint: &Constraint, names: &Names) -> Option<NewConstraint> {
    let columns = |node: Option<&squawk_syntax::SyntaxNode>| {
        let list = node.map(|node| node.text().to_string()).unwrap_or_default();
        let inside = list.trim().trim_start_matches('(').trim_end_matches(')').to_owned();
        inside.split(',').map(|column| plain(column.trim())).collect::<Vec<_>>()
    };
    let (kind, clause, not_valid) = match constraint {
        Constraint::CheckConstraint(check) => {
            let expression = check.expr().map(|expression| text(&expression)).unwrap_or_default();
            let kind = ConstraintKind::Check { not_null_of: not_null_of(&expression) };
            (kind, check.constraint_name_clause(), is_not_valid(check.constraint_options()))
        }
        Constraint::ForeignKeyConstraint(foreign) => {
            let list = foreign.syntax().children().find_map(squawk_syntax::ast::ForeignKeyColumnList::cast);
            let kind = ConstraintKind::ForeignKey {
                columns: columns(list.as_ref().map(AstNode::syntax)),
                references: names.relation(foreign.table_name_ref()),
            };
            (kind, foreign.constraint_name_clause(), is_not_valid(foreign.constraint_options()))
        }
        Constraint::UniqueConstraint(unique) => {
            let list = unique.index_parameters().and_then(|parameters| parameters.column_list());
            let kind = ConstraintKind::Unique {
                word: "UNIQUE",
                columns: columns(list.as_ref().map(AstNode::syntax)),
                using_index: unique.using_index().is_some(),
            };
            (kind, unique.constraint_name_clause(), false)
        }
        Constraint::PrimaryKeyConstraint(key) => {
            let list = key.index_parameters().and_then(|parameters| parameters.column_list());
            let kind = ConstraintKind::Unique {
                word: "PRIMARY KEY",
                columns: columns(list.as_ref().map(AstNode::syntax)),
                using_index: key.using_index().is_some(),
            };
            (kind, key.constraint_name_clause(), false)
        }
        Constraint::ExcludeConstraint(exclude) => {
            (ConstraintKind::Exclude, exclude.constraint_name_clause(), false)
        }
        Constraint::NotNullConstraint(not_null) => {
            let kind = ConstraintKind::NotNull { column: name(not_null.column_name_ref()) };
            (kind, not_null.constraint_name_clause(), is_not_valid(not_null.constraint_options()))
        }
        _ => return None,
    };
    let whole = text(constraint);
    let head = clause.as_ref().map(text).unwrap_or_default();
    let body = whole.strip_prefix(&head).unwrap_or(&whole).trim();
    let body = if not_valid { body.to_owned() } else { body.trim_end_matches(';').trim().to_owned() };
    let name = clause.and_then(|clause| clause.constraint_name()).map(|found| name(Some(found)));
    Some(NewConstraint { name, kind, not_valid, body })
}

/// The column, where the expression says no more than that it isn't NULL.
fn not_null_of(expression: &str) -> Option<String> {
    let inside = expression.trim().trim_start_matches('(').trim_end_matches(')').trim();
    let upper = inside.to_ascii_uppercase();
    let column = inside.get(..upper.strip_suffix(" IS NOT NULL")?.len())?.trim();
    (!column.contains([' ', '(', '.'])).then(|| plain(column))
}

fn is_not_valid(mut options: impl Iterator<Item = ConstraintOption>) -> bool {
    options.any(|option| matches!(option, ConstraintOption::NotValid(_)))
}
