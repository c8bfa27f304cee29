//! As much of SQL's lexical rules as tells what stands outside quotes and comments, so that an author's expression
//! can't reach outside the parentheses it is put in, and a revision can't end the transaction it runs in.
//! PostgreSQL reads all of it once more; nothing that is passed here is taken for sound.

/// Words that begin a statement which begins or ends a transaction.
const TRANSACTION: &[&str] = &["BEGIN", "START", "COMMIT", "ROLLBACK", "ABORT", "END", "PREPARE"];

/// Why the text can't stand in parentheses as one expression.
pub(super) fn one_expression(text: &str) -> Result<(), &'static str> {
    let mut depth = 0_u32;
    for character in without_quotes(text)?.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a `)` closes nothing")?,
            ';' => return Err("a `;` would end the statement"),
            _ => {}
        }
    }
    if depth == 0 { Ok(()) } else { Err("a `(` is not closed") }
}

/// The first statement that begins or ends a transaction: its offset and first word.
pub(super) fn transaction_statement(text: &str) -> Option<(usize, &str)> {
    // What doesn't end is told better by PostgreSQL, with the place.
    let plain = without_quotes(text).ok()?;
    let mut start = 0;
    // A function's body in standard SQL, BEGIN ATOMIC … END, holds statements of its own.
    let mut atomic = false;
    for statement in plain.split(';') {
        let at = start + statement.len() - statement.trim_start().len();
        let words: Vec<String> = statement.split_whitespace().map(str::to_ascii_uppercase).collect();
        let first = words.first().map_or("", String::as_str);
        let harmless = match first {
            "END" => atomic,
            "PREPARE" => words.get(1).is_none_or(|word| word != "TRANSACTION"),
            _ => words.iter().any(|word| word == "TO"),
        };
        if TRANSACTION.contains(&first) && !harmless {
            return text.get(at..at + first.len()).map(|word| (at, word));
        }
        atomic = (atomic && first != "END") || words.windows(2).any(|pair| pair == ["BEGIN", "ATOMIC"]);
        start += statement.len() + 1;
    }
    None
}

/// The text with a blank for each byte of quotes, quoted names and comments; or what of these doesn't end.
pub(super) fn without_quotes(text: &str) -> Result<String, &'static str> {
    let bytes = text.as_bytes();
    let mut plain = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (rest, before) = (&bytes[at..], &bytes[..at]);
        let length = match rest {
            [b'-', b'-', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => comment(rest).ok_or("a comment is not closed")?,
            [quote @ b'\'', ..] => {
                quoted(rest, *quote, is_escaping(before)).ok_or("a quote is not closed")?
            }
            [quote @ b'"', ..] => quoted(rest, *quote, false).ok_or("a double quote is not closed")?,
            [b'$', ..] if !before.last().is_some_and(|byte| is_word(*byte)) => match dollar_tag(rest) {
                Some(tag) => {
                    find(&rest[tag.len()..], tag).ok_or("a dollar quote is not closed")? + 2 * tag.len()
                }
                None => 0,
            },
            _ => 0,
        };
        plain[at..at + length].fill(b' ');
        at += length.max(1);
    }
    Ok(String::from_utf8(plain).expect("whole characters were replaced: they end before an ASCII byte"))
}

/// Bytes up to and with the end of a comment; comments nest.
fn comment(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        match bytes.get(at..)? {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            [] => return None,
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Bytes up to and with the closing quote; a doubled one is part of the text, and so is what a backslash escapes.
fn quoted(bytes: &[u8], quote: u8, escapes: bool) -> Option<usize> {
    let mut at = 1;
    loop {
        match bytes.get(at..)? {
            [b'\\', _, ..] if escapes => at += 2,
            [first, second, ..] if *first == quote && *second == quote => at += 2,
            [first, ..] if *first == quote => return Some(at + 1),
            [] => return None,
            _ => at += 1,
        }
    }
}

/// Whether a quote here is one of `E'…'`.
fn is_escaping(before: &[u8]) -> bool {
    match before {
        [.., word, b'e' | b'E'] => !is_word(*word),
        [b'e' | b'E'] => true,
        _ => false,
    }
}

/// `$$` or `$tag$`.
fn dollar_tag(bytes: &[u8]) -> Option<&[u8]> {
    let end = 1 + bytes[1..].iter().position(|byte| *byte == b'$' || !is_word(*byte))?;
    (bytes[end] == b'$' && !bytes[1].is_ascii_digit()).then(|| &bytes[..=end])
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_expression_keeps_to_its_parentheses() {
        for sound in [
            "gross_pay * (1 + rate)",
            "length(')') + length('it''s (')",
            r"E'\') ('",
            "'\\' || (a)",
            "a -- ) closes nothing here",
            "a /* ( /* ) */ ; ( */ + 1",
            "$$)$$ || $tag$ $$ ) ; $tag$",
            "\"odd ) name;\"",
            "$1",
            "a$b || c$b",
            "größe(€)",
        ] {
            assert_eq!(one_expression(sound), Ok(()), "{sound}");
        }
    }

    #[test]
    fn what_reaches_outside_its_parentheses_is_told() {
        assert_eq!(one_expression("id < 0) OR (true"), Err("a `)` closes nothing"));
        assert_eq!(one_expression("')' ) --"), Err("a `)` closes nothing"));
        assert_eq!(one_expression("round(a"), Err("a `(` is not closed"));
        assert_eq!(one_expression("1; DROP TABLE x"), Err("a `;` would end the statement"));
        assert_eq!(one_expression("'EUR"), Err("a quote is not closed"));
        assert_eq!(one_expression(r"E'\'"), Err("a quote is not closed"));
        assert_eq!(one_expression("\"EUR"), Err("a double quote is not closed"));
        assert_eq!(one_expression("$a$ x $b$"), Err("a dollar quote is not closed"));
        assert_eq!(one_expression("1 /* /* */"), Err("a comment is not closed"));
    }

    #[test]
    fn a_statement_that_ends_the_transaction_is_found_and_nothing_like_it() {
        assert_eq!(transaction_statement("SELECT 1;\n commit ; SELECT 2"), Some((11, "commit")));
        assert_eq!(transaction_statement("-- ;\nBEGIN;"), Some((5, "BEGIN")));
        for sound in [
            "DO $$ BEGIN COMMIT; END $$;",
            "SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a",
            "SELECT '; COMMIT;' -- ; COMMIT",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;",
            "COMMENT ON TABLE t IS 'x'",
        ] {
            assert_eq!(transaction_statement(sound), None, "{sound}");
        }
    }

    proptest! {
        #[test]
        fn blanks_take_as_much_room_as_what_they_stand_for(text in r#"([a-zé€ ()'"$;\\/*\n-]|E'){0,40}"#) {
            if let Ok(plain) = without_quotes(&text) {
                prop_assert_eq!(plain.len(), text.len());
            }
            let _ = transaction_statement(&text);
        }
    }
}
