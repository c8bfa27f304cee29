//! As much of SQL's lexical rules as tells what stands outside quotes and comments, so that an author's expression
//! can't reach outside the parentheses it is put in, and a revision can't end the transaction it runs in.
//! PostgreSQL reads all of it once more; nothing that is passed here is taken for sound.

use std::ops::Range;

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
    for statement in split(&plain) {
        let words: Vec<String> =
            plain[statement.clone()].split_whitespace().map(str::to_ascii_uppercase).collect();
        let first = words.first().map_or("", String::as_str);
        let harmless = match first {
            "PREPARE" => words.get(1).is_none_or(|word| word != "TRANSACTION"),
            _ => words.iter().any(|word| word == "TO"),
        };
        if TRANSACTION.contains(&first) && !harmless {
            return text
                .get(statement.start..statement.start + first.len())
                .map(|word| (statement.start, word));
        }
    }
    None
}

/// Where each statement stands, from its first character that is no comment to the end of its last line of text, without
/// the semicolon.
pub(super) fn statements(text: &str) -> Vec<Range<usize>> {
    match without_quotes(text) {
        Ok(_) => split(&code(text)),
        // What doesn't end is one statement, and PostgreSQL tells where.
        Err(_) => std::iter::once(0..text.len()).collect(),
    }
}

/// The pieces between semicolons, without blanks around them. Semicolons in parentheses (a rule's statements) or in a
/// function's body in standard SQL, BEGIN ATOMIC … END, end no statement.
fn split(plain: &str) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let (mut start, mut depth, mut atomic) = (0, 0_u32, false);
    let ends = plain.char_indices().chain([(plain.len(), ';')]);
    let mut piece_start = 0;
    for (at, character) in ends {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' if depth == 0 || at == plain.len() => {
                let words: Vec<String> = plain[piece_start..at]
                    .split(|c: char| !is_name(c))
                    .filter(|word| !word.is_empty())
                    .map(str::to_ascii_uppercase)
                    .collect();
                let ends_body = words.first().is_some_and(|word| word == "END");
                let creates = words.first().is_some_and(|word| word == "CREATE");
                let begins_body = creates && words.windows(2).any(|pair| pair == ["BEGIN", "ATOMIC"]);
                atomic = (atomic && !ends_body) || begins_body;
                piece_start = at + 1;
                if !atomic || at == plain.len() {
                    let piece = &plain[start..at];
                    let begin = start + piece.len() - piece.trim_start().len();
                    if !piece.trim().is_empty() {
                        pieces.push(begin..begin + piece.trim().len());
                    }
                    start = (at + 1).min(plain.len());
                }
            }
            _ => {}
        }
    }
    pieces
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

/// The text with a blank for each byte of quotes, quoted names and comments; or what of these doesn't end.
pub(super) fn without_quotes(text: &str) -> Result<String, &'static str> {
    replace(text, |_| Some(b' '))
}

/// The text with comments blank, and a letter for each byte of quotes and quoted names: they are part of a statement.
fn code(text: &str) -> String {
    replace(text, |kind| Some(if kind == Kind::Comment { b' ' } else { b'x' })).unwrap_or_default()
}

/// The text with comments and texts blank, and quoted names as they are. Empty when one of them doesn't end.
pub(super) fn names(text: &str) -> String {
    replace(text, |kind| (kind != Kind::Name).then_some(b' ')).unwrap_or_default()
}

/// What is no bare SQL.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comment,
    Text,
    Name,
}

/// Puts a byte in the place of each byte of a kind, or leaves it.
fn replace(text: &str, with: impl Fn(Kind) -> Option<u8>) -> Result<String, &'static str> {
    let bytes = text.as_bytes();
    let mut plain = bytes.to_vec();
    let mut at = 0;
    // Where a text in quotes may go on, after a line end, with the escapes that it began with.
    let mut goes_on = None;
    while at < bytes.len() {
        let (rest, before) = (&bytes[at..], &bytes[..at]);
        let length = match rest {
            [b'-', b'-', ..] => {
                rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())
            }
            [b'/', b'*', ..] => comment(rest).ok_or("a comment is not closed")?,
            [quote @ b'\'', ..] => {
                let escapes = is_escaping(before) || goes_on == Some(at);
                let length = quoted(rest, *quote, escapes).ok_or("a quote is not closed")?;
                goes_on = escapes.then(|| at + length + blank_with_line_end(&rest[length..]));
                length
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
        let kind = match rest[0] {
            b'-' | b'/' => Kind::Comment,
            b'"' => Kind::Name,
            _ => Kind::Text,
        };
        if let Some(byte) = with(kind) {
            plain[at..at + length].fill(byte);
        }
        at += length.max(1);
    }
    Ok(String::from_utf8(plain).expect("whole characters were replaced: they end before an ASCII byte"))
}

/// Bytes of blanks, if a line ends among them.
fn blank_with_line_end(bytes: &[u8]) -> usize {
    let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if bytes[..blanks].iter().any(|byte| matches!(byte, b'\n' | b'\r')) { blanks } else { 0 }
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
        assert_eq!(transaction_statement("SELECT x begin atomic; COMMIT"), Some((23, "COMMIT")));
        assert_eq!(transaction_statement("-- ;\nBEGIN;"), Some((5, "BEGIN")));
        assert_eq!(transaction_statement("SELECT 1; -- x\rCOMMIT;"), Some((15, "COMMIT")));
        assert_eq!(transaction_statement("SELECT E'a'\n'b\\'c'; COMMIT;"), Some((20, "COMMIT")));
        for sound in [
            "DO $$ BEGIN COMMIT; END $$;",
            "SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a",
            "SELECT '; COMMIT;' -- ; COMMIT",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;",
            "COMMENT ON TABLE t IS 'x'",
            "CREATE PROCEDURE p()BEGIN ATOMIC SELECT 1; SELECT 2; END;",
        ] {
            assert_eq!(transaction_statement(sound), None, "{sound}");
        }
    }

    #[test]
    fn statements_are_told_apart_where_postgresql_does() {
        let split = |text: &'static str| statements(text).into_iter().map(|at| &text[at]).collect::<Vec<_>>();
        assert_eq!(split("SELECT 1; -- a; b\n /* c; */ SELECT ';' ; ;"), ["SELECT 1", "SELECT ';'"]);
        assert_eq!(split("DO $$ BEGIN x; END $$; VACUUM"), ["DO $$ BEGIN x; END $$", "VACUUM"]);
        let atomic =
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END";
        assert_eq!(split(atomic), [atomic]);
        let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)";
        assert_eq!(split(rule), [rule]);
        assert_eq!(split("SELECT 'open; x"), ["SELECT 'open; x"]);
        assert!(split("-- nothing\n;").is_empty());
    }

    proptest! {
        #[test]
        fn statements_hold_all_that_is_no_comment(text in r"([a-z ();\n]|'[a-z;]{0,3}'|--[a-z;]{0,3}\n){0,20}") {
            let kept: String = statements(&text).into_iter().map(|at| text[at].to_owned()).collect();
            let solid = |text: &str| code(text).replace([';', ' ', '\n'], "");
            prop_assert_eq!(solid(&kept), solid(&text));
        }

        #[test]
        fn blanks_take_as_much_room_as_what_they_stand_for(text in r#"([a-zé€ ()'"$;\\/*\n-]|E'){0,40}"#) {
            if let Ok(plain) = without_quotes(&text) {
                prop_assert_eq!(plain.len(), text.len());
            }
            let _ = transaction_statement(&text);
        }
    }
}
