//! The actions of `ALTER TABLE`.

use squawk_syntax::ast::{
    AlterColumn, AlterColumnOption, AlterTable, AlterTableAction, DetachPartitionOption, SetType,
};

use super::columns::{new_column, new_constraint};
use super::names::{Names, name, text};
use crate::plan::lint::operation::{Change, Operation};

pub(super) fn alter_table(statement: &AlterTable, names: &Names) -> Vec<Operation> {
    let table = names.relation(statement.table_relation_name().and_then(|found| found.table_name_ref()));
    if table.is_empty() {
        return vec![Operation::Opaque { word: "ALTER TABLE ALL" }];
    }
    let changes = statement.actions().map(|action| change(&action, names));
    changes.map(|change| Operation::Alter { table: table.clone(), change }).collect()
}

fn change(action: &AlterTableAction, names: &Names) -> Change {
    match action {
        AlterTableAction::AddColumn(action) => Change::AddColumn(new_column(action, names)),
        AlterTableAction::DropColumn(action) => Change::DropColumn { column: name(action.column_name_ref()) },
        AlterTableAction::AlterColumn(action) => alter_column(action),
        AlterTableAction::AddConstraint(action) => {
            let added = action.constraint().and_then(|constraint| new_constraint(&constraint, names));
            added.map_or(Change::Other, Change::AddConstraint)
        }
        AlterTableAction::ValidateConstraint(action) => {
            Change::Validate { constraint: name(action.constraint_name_ref()) }
        }
        AlterTableAction::DropConstraint(action) => {
            Change::DropConstraint { constraint: name(action.constraint_name_ref()) }
        }
        AlterTableAction::RenameColumn(action) => {
            Change::RenameColumn { from: name(action.column_name_ref()), to: name(action.column_name()) }
        }
        AlterTableAction::TableRenameTo(action) => Change::RenameTable { to: name(action.table_name()) },
        AlterTableAction::SetLogged(_) => Change::Move { word: "SET LOGGED" },
        AlterTableAction::SetUnlogged(_) => Change::Move { word: "SET UNLOGGED" },
        AlterTableAction::SetTablespace(_) => Change::Move { word: "SET TABLESPACE" },
        AlterTableAction::SetAccessMethod(_) => Change::Move { word: "SET ACCESS METHOD" },
        AlterTableAction::EnableTrigger(_)
        | AlterTableAction::EnableReplicaTrigger(_)
        | AlterTableAction::EnableAlwaysTrigger(_)
        | AlterTableAction::DisableTrigger(_) => Change::Triggers,
        AlterTableAction::SetOptions(_)
        | AlterTableAction::ResetOptions(_)
        | AlterTableAction::OptionItemList(_)
        | AlterTableAction::ClusterOn(_)
        | AlterTableAction::SetWithoutCluster(_) => Change::Options,
        AlterTableAction::AttachPartition(action) => {
            Change::Attach { child: names.relation(action.table_name_ref()) }
        }
        AlterTableAction::DetachPartition(action) => Change::Detach {
            child: names.relation(action.table_name_ref()),
            concurrently: matches!(
                action.detach_partition_option(),
                Some(DetachPartitionOption::DetachConcurrently(_))
            ),
        },
        _ => Change::Other,
    }
}

fn alter_column(action: &AlterColumn) -> Change {
    let column = name(action.column_name_ref());
    match action.option() {
        Some(AlterColumnOption::SetType(set)) => set_type(column, &set),
        Some(AlterColumnOption::SetNotNull(_)) => Change::SetNotNull { column },
        Some(AlterColumnOption::SetExpression(_)) => Change::SetExpression { column },
        Some(
            AlterColumnOption::SetStatistics(_)
            | AlterColumnOption::SetOptions(_)
            | AlterColumnOption::SetOptionsList(_)
            | AlterColumnOption::ResetOptions(_),
        ) => Change::Options,
        _ => Change::Other,
    }
}

fn set_type(column: String, set: &SetType) -> Change {
    let to = set.ty().map(|ty| text(&ty)).unwrap_or_default();
    // USING c::type says what is done without it.
    let plainly = [column.clone(), format!("{column}::{to}"), format!("CAST({column} AS {to})")];
    let using = set.using_expr().and_then(|using| using.expr()).map(|expression| text(&expression));
    let converts = using.is_some_and(|using| {
        let bare = |text: &str| text.split_whitespace().collect::<String>().to_ascii_lowercase();
        !plainly.iter().any(|plain| bare(plain) == bare(&using))
    });
    // Another collation has the indexes built again at least.
    Change::SetType { column, to, converts: converts || set.collate().is_some() }
}
