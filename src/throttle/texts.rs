//! What stands in quotes in a query of the user's may be a secret (`dblink('password=…')`), and what a signal is called and
//! why it can't be read goes into logs.

/// Shorter ones are no secrets, and would be found in any message.
const LEAST: usize = 4;

/// The query with `'…'` for each text in it, and these texts.
pub(super) fn apart(query: &str) -> (String, Vec<String>) {
    let (mut shown, mut texts, mut rest) = (String::new(), Vec::new(), query);
    while let Some(at) = rest.find(['\'', '$']) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let escapes = before.ends_with(['E', 'e']);
        let quote = if from.starts_with('\'') { Some("'") } else { dollar_quote(from) };
        let Some(quote) = quote else {
            shown.push('$');
            rest = &from[1..];
            continue;
        };
        let inner = &from[quote.len()..];
        let end = if quote == "'" { end_of_text(inner, escapes) } else { inner.find(quote) };
        let end = end.unwrap_or(inner.len());
        texts.push(inner[..end].to_owned());
        shown.push_str("'…'");
        rest = inner.get(end + quote.len()..).unwrap_or_default();
    }
    shown.push_str(rest);
    (shown, texts)
}

/// The message without these texts.
pub(super) fn concealed(message: &str, texts: &[String]) -> String {
    let long = texts.iter().filter(|text| text.len() >= LEAST);
    long.fold(message.to_owned(), |message, text| message.replace(&**text, "…"))
}

/// `$$` or `$tag$` at the beginning.
fn dollar_quote(from: &str) -> Option<&str> {
    let end = from[1..].find('$')? + 1;
    let tag = &from[1..end];
    let is_tag = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| &from[..=end])
}

/// Where the closing quote is; two are one that doesn't close.
fn end_of_text(inner: &str, escapes: bool) -> Option<usize> {
    let mut characters = inner.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if escapes => {
                characters.next();
            }
            '\'' if characters.next_if(|(_, next)| *next == '\'').is_none() => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_out_however_they_are_quoted() {
        for (query, shown, texts) in [
            ("SELECT 1", "SELECT 1", &[][..]),
            ("SELECT f('it''s', 'b')", "SELECT f('…', '…')", &["it''s", "b"]),
            (r"SELECT E'a\'b', 'c\'", "SELECT E'…', '…'", &[r"a\'b", r"c\"]),
            ("SELECT $$a'b$$, $t$c$$d$t$, $1", "SELECT '…', '…', $1", &["a'b", "c$$d"]),
            ("SELECT 'open", "SELECT '…'", &["open"]),
        ] {
            assert_eq!(
                apart(query),
                (shown.to_owned(), texts.iter().map(|text| (*text).to_owned()).collect())
            );
        }
        assert_eq!(concealed("no such key: hunter2", &["hunter2".into(), "key".into()]), "no such key: …");
    }
}
