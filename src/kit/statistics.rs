//! Extended statistics; they are gathered by the next ANALYZE.

use super::book::Book;
use super::change::Change;
use super::names::Names;

pub(super) fn carry(change: &Change<'_>, names: &mut Names, book: &mut Book) {
    for object in &change.anatomy.statistics {
        let after = match change.renamed.statistics.get(&object.oid) {
            Some(Ok(after)) => after,
            Some(Err(said)) => {
                book.by_hand.push(format!("statistics {}: {said}", object.name));
                continue;
            }
            None => continue,
        };
        let called = names.successor(&object.name, change);
        let full = |name: &str| format!("{}.{}", change.q(&object.schema), change.q(name));
        let kinds = match object.kinds.as_slice() {
            // Those of one expression have no kind that could be named.
            kinds if kinds.is_empty() || !object.columns.contains(',') => String::new(),
            kinds => format!(" ({})", kinds.join(", ")),
        };
        let make = |name: &str, columns: &str| {
            let full = full(name);
            let mut statements =
                vec![format!("create statistics {full}{kinds}\n    on {columns} from {}", change.table())];
            statements.extend(
                object.target.map(|target| format!("alter statistics {full} set statistics {target}")),
            );
            statements.extend(Change::comment(&format!("statistics {full}"), object.comment.as_ref()));
            statements
        };
        let drop = |name: &str| format!("drop statistics {}", full(name));
        book.build.pair(make(&called.meanwhile, after), drop(&called.meanwhile));
        book.strip.pair(
            drop(&object.name),
            make(&object.name, change.left(&object.columns, |left| left.statistics.get(&object.oid))),
        );
        if called.meanwhile != called.finally {
            let rename =
                |from: &str, to: &str| format!("alter statistics {} rename to {}", full(from), change.q(to));
            book.strip
                .pair(rename(&called.meanwhile, &called.finally), rename(&called.finally, &called.meanwhile));
        }
    }
}
