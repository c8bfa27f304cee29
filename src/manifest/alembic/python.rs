//! As much of Python's lexical rules as finds the statements of a module and the plain text in them.

/// What a statement is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name, a keyword or a number.
    Word(&'t str),
    /// A text in quotes.
    Text(Literal),
    /// Any other character.
    Sign(char),
}

/// A text in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) value: String,
    /// Whether it is what stands there: `f"…"` is computed, and `b"…"` is no text.
    pub(super) is_plain: bool,
}

/// A token and where it begins.
pub(super) type Placed<'t> = (usize, Token<'t>);

/// A statement, or the head of a compound one.
#[derive(Debug, Default)]
pub(super) struct Statement<'t> {
    /// Whether it belongs to one above it.
    pub(super) is_inner: bool,
    pub(super) tokens: Vec<Placed<'t>>,
}

/// A quote that isn't closed: its offset.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenQuote(pub(super) usize);

/// The statements of a module, in order, without comments.
pub(super) fn statements(text: &str) -> Result<Vec<Statement<'_>>, OpenQuote> {
    let mut found: Vec<Statement<'_>> = Vec::new();
    let mut statement = Statement::default();
    let (mut at, mut depth, mut line) = (0, 0_u32, 0);
    while let Some(character) = text[at..].chars().next() {
        let start = at;
        at += character.len_utf8();
        let token = match character {
            '\n' | ';' => {
                if depth == 0 && !statement.tokens.is_empty() {
                    found.push(std::mem::take(&mut statement));
                }
                line = if character == '\n' { at } else { line };
                continue;
            }
            '#' => {
                at += text[at..].find('\n').unwrap_or(text.len() - at);
                continue;
            }
            '\\' => {
                let rest = &text[at..];
                at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
                continue;
            }
            _ if character.is_whitespace() => continue,
            '"' | '\'' => literal(text, &mut at, "", start)?,
            _ if character.is_alphanumeric() || character == '_' => {
                let rest = &text[start..];
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                at = start + end;
                let word = &rest[..end];
                if rest[end..].starts_with(['"', '\'']) && is_prefix(word) {
                    at += 1;
                    literal(text, &mut at, word, start)?
                } else {
                    Token::Word(word)
                }
            }
            sign => {
                match sign {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                Token::Sign(sign)
            }
        };
        if statement.tokens.is_empty() {
            statement.is_inner = text[line..].starts_with([' ', '\t']);
        }
        statement.tokens.push((start, token));
    }
    if !statement.tokens.is_empty() {
        found.push(statement);
    }
    Ok(found)
}

/// Whether a word right before a quote belongs to the text.
fn is_prefix(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["r", "u", "b", "br", "rb", "f", "fr", "rf", "t", "tr", "rt"].contains(&word.as_str())
}

/// Reads on from behind the first quote sign, which stands before `at`.
fn literal<'t>(text: &str, at: &mut usize, prefix: &str, start: usize) -> Result<Token<'t>, OpenQuote> {
    let quote = &text[*at - 1..*at];
    let triple = text[*at..].starts_with(&quote.repeat(2));
    if triple {
        *at += 2;
    }
    let end = if triple { quote.repeat(3) } else { quote.to_owned() };
    let has = |letter| prefix.to_ascii_lowercase().contains(letter);
    let mut value = String::new();
    loop {
        let rest = &text[*at..];
        if rest.starts_with(&end) {
            *at += end.len();
            return Ok(Token::Text(Literal { value, is_plain: !(has('f') || has('b') || has('t')) }));
        }
        let mut characters = rest.chars();
        match (characters.next(), characters.next()) {
            (None, _) => return Err(OpenQuote(start)),
            (Some('\n'), _) if !triple => return Err(OpenQuote(start)),
            (Some('\\'), Some(escaped)) => {
                match escaped {
                    '\\' | '\'' | '"' if !has('r') => value.push(escaped),
                    'n' if !has('r') => value.push('\n'),
                    't' if !has('r') => value.push('\t'),
                    '\n' if !has('r') => {}
                    // Others don't occur in ids, and a message may keep them as they are written.
                    _ => value.extend(['\\', escaped]),
                }
                *at += 1 + escaped.len_utf8();
            }
            (Some(character), _) => {
                value.push(character);
                *at += character.len_utf8();
            }
        }
    }
}
