//! What a statement does.

use squawk_syntax::ast::{
    AlterDomainAction, AlterTypeAction, AstNode, CreateTable, ReindexTarget, SourceFile, Stmt,
};

use super::alter::alter_table;
use super::names::{Names, name, text};
use crate::manifest::statement::words;
use crate::plan::lint::lock::LockMode;
use crate::plan::lint::operation::Operation;

/// Of a text with one statement.
pub(super) fn operations(file: &SourceFile, sql: &str, names: &Names) -> Vec<Operation> {
    file.stmts().flat_map(|statement| read(&statement, sql, names)).collect()
}

fn read(statement: &Stmt, sql: &str, names: &Names) -> Vec<Operation> {
    match statement {
        Stmt::AlterTable(alter) => alter_table(alter, names),
        Stmt::CreateTable(create) => vec![create_table(create, names)],
        Stmt::DropTable(drop) => {
            let tables = drop.table_name_refs().map(|table| names.relation(Some(table)));
            tables.map(|table| Operation::DropTable { table }).collect()
        }
        Stmt::Truncate(truncate) => {
            let cascade = truncate.drop_behavior().is_some_and(|b| text(&b).eq_ignore_ascii_case("cascade"));
            let tables = truncate.table_list().into_iter().flat_map(|list| list.table_relation_names());
            let tables = tables.map(|table| names.relation(table.table_name_ref()));
            tables.map(|table| Operation::Truncate { table, cascade }).collect()
        }
        Stmt::DropIndex(drop) => {
            let concurrently = drop.concurrently_token().is_some();
            let indexes = drop.index_refs().map(|index| names.relation(Some(index)));
            indexes.map(|index| Operation::DropIndex { index, concurrently }).collect()
        }
        Stmt::Lock(lock) => {
            let mode = lock.lock_mode_clause().and_then(|clause| clause.lock_mode());
            let mode = mode.map_or_else(|| "ACCESS EXCLUSIVE".to_owned(), |mode| text(&mode));
            let Some(mode) = LockMode::from_words(&mode.to_ascii_uppercase()) else { return Vec::new() };
            let tables = lock.relation_list().into_iter().flat_map(|list| list.relation_names());
            let tables = tables.map(|table| names.relation(table.relation_name_ref()));
            tables.map(|table| Operation::Lock { table, mode }).collect()
        }
        Stmt::Vacuum(_) | Stmt::Analyze(_) => vacuum(statement, names),
        other => vec![single(other, sql, names)],
    }
}

/// What does one thing.
fn single(statement: &Stmt, sql: &str, names: &Names) -> Operation {
    match statement {
        Stmt::CreateTableAs(create) => Operation::Fill { relation: names.relation(create.table_name()) },
        Stmt::CreateMaterializedView(create) => Operation::Fill { relation: names.relation(create.view()) },
        Stmt::CreateIndex(create) => {
            let items = create.partition_item_list().into_iter().flat_map(|list| list.partition_items());
            let items = items.map(|item| item.expr().map(|expression| text(&expression)).unwrap_or_default());
            let is_column = |item: &String| !item.is_empty() && !item.contains(['(', ' ']);
            let on = create.table_relation_name();
            Operation::CreateIndex {
                only: on.as_ref().is_some_and(|on| on.only_token().is_some()),
                table: names.relation(on.and_then(|on| on.table_name_ref())),
                concurrently: create.concurrently_token().is_some(),
                columns: items
                    .take_while(is_column)
                    .map(|item| crate::manifest::statement::plain(&item))
                    .collect(),
            }
        }
        Stmt::Reindex(reindex) => {
            let target = match reindex.reindex_target() {
                Some(ReindexTarget::ReindexTargetIndex(_) | ReindexTarget::ReindexTargetTable(_)) => {
                    words(sql).pop()
                }
                _ => None,
            };
            Operation::Reindex {
                name: target.map(|word| names.as_written(&word)),
                concurrently: words(sql).iter().any(|word| word.eq_ignore_ascii_case("concurrently")),
            }
        }
        Stmt::Cluster(cluster) => {
            let table = cluster.table_name_ref().map(|table| names.relation(Some(table)));
            Operation::Repack { table, word: "CLUSTER" }
        }
        Stmt::Repack(_) => Operation::Repack { table: None, word: "REPACK" },
        Stmt::Refresh(refresh) => Operation::Refresh {
            view: names.relation(refresh.view_ref()),
            concurrently: refresh.concurrently_token().is_some(),
        },
        Stmt::CreateTrigger(create) => Operation::CreateTrigger {
            table: names.relation(create.on_relation().and_then(|on| on.relation_name_ref())),
        },
        Stmt::DropTrigger(drop) => Operation::Attach {
            table: names.relation(drop.on_relation().and_then(|on| on.relation_name_ref())),
            word: "DROP TRIGGER",
        },
        Stmt::AlterTrigger(_) => attached(sql, "ALTER TRIGGER", "ON", names),
        Stmt::CreateRule(_) => attached(sql, "CREATE RULE", "TO", names),
        Stmt::DropRule(_) => attached(sql, "DROP RULE", "ON", names),
        Stmt::CreatePolicy(_) => attached(sql, "CREATE POLICY", "ON", names),
        Stmt::AlterPolicy(_) => attached(sql, "ALTER POLICY", "ON", names),
        Stmt::DropPolicy(_) => attached(sql, "DROP POLICY", "ON", names),
        Stmt::Do(_) => Operation::Opaque { word: "DO" },
        Stmt::Call(_) => Operation::Opaque { word: "CALL" },
        other => of_rows_and_types(other, sql, names),
    }
}

/// What changes rows, types and descriptions.
fn of_rows_and_types(statement: &Stmt, sql: &str, names: &Names) -> Operation {
    match statement {
        Stmt::CommentOn(_) => {
            let words = words(sql);
            match words.get(2).map(|word| word.to_ascii_uppercase()).as_deref() {
                Some("TABLE") if words.len() > 3 => {
                    Operation::Describe { table: names.as_written(&words[3]) }
                }
                _ => Operation::Harmless,
            }
        }
        Stmt::Update(update) => Operation::Write {
            table: names.relation(update.relation_name().and_then(|name| name.relation_name_ref())),
            word: "UPDATE",
            has_where: update.where_clause_or_current_of().is_some(),
        },
        Stmt::Delete(delete) => Operation::Write {
            table: names.relation(delete.relation_name().and_then(|name| name.relation_name_ref())),
            word: "DELETE",
            has_where: delete.where_clause_or_current_of().is_some(),
        },
        Stmt::Insert(insert) => {
            let source = insert.insert_source().map(|source| text(&source).to_ascii_uppercase());
            if source.is_none_or(|source| source.starts_with("VALUES") || source.starts_with("DEFAULT")) {
                return Operation::Harmless;
            }
            Operation::Load { table: names.relation(insert.relation_name_ref()), word: "INSERT" }
        }
        Stmt::Copy(copy) => {
            let reads =
                copy.copy_direction().is_some_and(|to| text(&to).to_ascii_uppercase().starts_with("FROM"));
            let words = words(sql);
            match words.get(1).filter(|_| reads) {
                Some(table) => Operation::Load { table: names.as_written(table), word: "COPY" },
                None => Operation::Harmless,
            }
        }
        Stmt::AlterType(alter) => match alter.action() {
            Some(AlterTypeAction::AddValue(add)) => {
                Operation::AddEnumValue { value: add.literal().map(|value| text(&value)).unwrap_or_default() }
            }
            _ => Operation::Harmless,
        },
        Stmt::AlterDomain(alter) => {
            let domain = name(alter.domain_ref());
            match alter.action() {
                Some(AlterDomainAction::AddConstraint(added))
                    if !text(&added).to_ascii_uppercase().ends_with("NOT VALID") =>
                {
                    Operation::CheckDomain { domain }
                }
                Some(AlterDomainAction::SetNotNull(_) | AlterDomainAction::ValidateConstraint(_)) => {
                    Operation::CheckDomain { domain }
                }
                _ => Operation::Harmless,
            }
        }
        _ => Operation::Harmless,
    }
}

/// The table stands after that word.
fn attached(sql: &str, word: &'static str, before: &str, names: &Names) -> Operation {
    let words = words(sql);
    let at = words.iter().position(|found| found.eq_ignore_ascii_case(before));
    match at.and_then(|at| words.get(at + 1)) {
        Some(table) => Operation::Attach { table: names.as_written(table), word },
        None => Operation::Harmless,
    }
}

fn vacuum(statement: &Stmt, names: &Names) -> Vec<Operation> {
    let (list, full) = match statement {
        Stmt::Vacuum(vacuum) => {
            let options = vacuum.vacuum_option_list().map(|list| text(&list).to_ascii_uppercase());
            let full = vacuum.full_token().is_some() || options.is_some_and(|list| list.contains("FULL"));
            (vacuum.table_and_columns_list(), full)
        }
        Stmt::Analyze(analyze) => (analyze.table_and_columns_list(), false),
        _ => (None, false),
    };
    let tables = list.into_iter().flat_map(|list| list.table_and_columnss());
    let tables: Vec<String> = tables
        .filter_map(|table| table.table_relation_name())
        .map(|table| names.relation(table.table_name_ref()))
        .collect();
    match (full, tables.is_empty()) {
        (true, true) => vec![Operation::Repack { table: None, word: "VACUUM FULL" }],
        (true, false) => {
            let all = tables.into_iter().map(Some);
            all.map(|table| Operation::Repack { table, word: "VACUUM FULL" }).collect()
        }
        (false, _) => tables.into_iter().map(|table| Operation::Describe { table }).collect(),
    }
}

fn create_table(create: &CreateTable, names: &Names) -> Operation {
    let references = create.syntax().descendants().filter_map(|node| {
        let foreign = squawk_syntax::ast::ReferencesConstraint::cast(node.clone());
        let table = foreign.and_then(|foreign| foreign.table()).or_else(|| {
            squawk_syntax::ast::ForeignKeyConstraint::cast(node).and_then(|foreign| foreign.table_name_ref())
        });
        table.map(|table| names.relation(Some(table)))
    });
    let inherits = create.inherits().map(|inherits| words(&text(&inherits))).unwrap_or_default();
    let inherits = inherits.iter().skip(1).filter(|word| !["(", ")", ","].contains(&word.as_str()));
    let is_temporary = create
        .persistence()
        .is_some_and(|persistence| text(&persistence).to_ascii_uppercase().contains("TEMP"));
    if is_temporary {
        return Operation::Harmless;
    }
    Operation::CreateTable {
        table: names.relation(create.table_name()),
        references: references.collect(),
        partition_of: create.partition_of().map(|of| names.relation(of.table_name_ref())),
        inherits: inherits.map(|parent| names.as_written(parent)).collect(),
    }
}
