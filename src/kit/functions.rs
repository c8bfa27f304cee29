//! Functions whose text names the column. PostgreSQL doesn't look into it: such a function breaks when it is next called.
//!
//! A trigger function of this table alone, which names the column only as `new.column` and `old.column`, is rewritten. Any
//! other is named, and the contract refuses as long as the name stands in it.

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::Function;
use crate::pg::quote;

pub(super) fn carry(change: &Change<'_>, book: &mut Book) {
    if change.new != change.new_after {
        forget_plans(change, book);
        return;
    }
    for function in &change.anatomy.functions {
        let Some(mentions) = mentions(&function.body, &change.old) else { continue };
        let is_ours = function.fires_here && !function.fires_elsewhere && function.language == "plpgsql";
        match (&function.definition, mentions) {
            (Some(definition), Mentions::OfRow(body)) if is_ours => {
                let after = body.replace(MARK, &change.q(&change.new));
                book.switch.pair(definition.replace(&function.body, &after), definition.clone());
            }
            _ => guard(change, function, book),
        }
    }
}

/// Sessions have plans of the trigger functions with the old type in them, and fail with them: "type of parameter does not
/// match that when preparing the plan". A function that was altered is compiled anew, even if nothing of it is different.
fn forget_plans(change: &Change<'_>, book: &mut Book) {
    let triggers = &change.anatomy.triggers;
    let mut touched: Vec<String> = triggers
        .iter()
        .map(|trigger| format!("alter function {} cost {}", trigger.function_name, trigger.function_cost))
        .collect();
    touched.sort();
    touched.dedup();
    book.switch.pair(touched.clone(), touched);
}

/// The contract fails while the name is there.
fn guard(change: &Change<'_>, function: &Function, book: &mut Book) {
    let (name, old, new) = (&function.name, &change.old, &change.new);
    book.by_hand.push(format!(
        "{name} has the word {old} in its text: where that is this column, write {new} instead, between the switch and the \
         contract. The contract looks whether the word is there; where it means something else, take that query out of it"
    ));
    let pattern = format!(r"\m{}\M", escaped(old));
    let (message, hint) = (
        format!("{name} still names {old}"),
        format!("write {new} there instead; or take this query out if it means something else"),
    );
    book.contract.up(format!(
        "do $guard$\nbegin\n    if exists (select from pg_catalog.pg_proc\n                where oid = pg_catalog.to_regprocedure({}) and prosrc ~* {}) then\n        raise exception using message = {}, hint = {};\n    end if;\nend\n$guard$",
        quote::literal(name),
        quote::literal(&pattern),
        quote::literal(&message),
        quote::literal(&hint)
    ));
}

/// How a text names a column.
#[derive(Debug, PartialEq, Eq)]
enum Mentions {
    /// Only as a field of `new` and `old`: the text with a mark in the place of each name.
    OfRow(String),
    /// Otherwise.
    Otherwise,
}

/// Stands for a name; no text has it.
const MARK: &str = "\u{0}";

/// How the text names the column; `None`: not at all.
fn mentions(text: &str, column: &str) -> Option<Mentions> {
    let (lower, wanted) = (text.to_ascii_lowercase(), column.to_ascii_lowercase());
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let (mut marked, mut from, mut all_of_row, mut any) = (String::new(), 0, true, false);
    for (at, _) in lower.match_indices(&wanted) {
        let end = at + wanted.len();
        let is_part = lower[..at].ends_with(is_word) || lower[end..].starts_with(is_word);
        if is_part || at < from {
            continue;
        }
        any = true;
        let before = lower[..at].strip_suffix('.').map(str::trim_end).unwrap_or_default();
        let row = ["new", "old"].iter().find_map(|row| before.strip_suffix(row));
        all_of_row &= row.is_some_and(|before| !before.ends_with(|c| is_word(c) || c == '.'));
        marked.push_str(&text[from..at]);
        marked.push_str(MARK);
        from = end;
    }
    marked.push_str(&text[from..]);
    any.then_some(if all_of_row { Mentions::OfRow(marked) } else { Mentions::Otherwise })
}

/// The text as a regular expression that means itself.
fn escaped(text: &str) -> String {
    let special = |c: char| (!c.is_alphanumeric() && c != '_').then_some('\\');
    text.chars().flat_map(|c| special(c).into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_parts_of_other_names() {
        assert_eq!(
            mentions("new.pay := new.payment + pay_day", "pay"),
            Some(Mentions::OfRow("new.\0 := new.payment + pay_day".into()))
        );
        assert_eq!(
            mentions("if NEW.Pay <> old.pay then", "pay"),
            Some(Mentions::OfRow("if NEW.\0 <> old.\0 then".into()))
        );
        assert_eq!(mentions("select pay from entries", "pay"), Some(Mentions::Otherwise));
        assert_eq!(mentions("renew.pay", "pay"), Some(Mentions::Otherwise));
        assert_eq!(mentions("-- pay\nnew.pay := 1", "pay"), Some(Mentions::Otherwise));
        assert_eq!(mentions("new.payment", "pay"), None);
    }
}
