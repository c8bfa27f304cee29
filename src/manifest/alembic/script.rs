//! A revision file of Alembic's becomes an [`AlembicScript`].

use std::path::Path;

use super::AlembicScript;
use super::python::{OpenQuote, Placed, Statement, Token, statements};
use crate::manifest::document::{DocumentError, complaint};
use crate::model::RevisionId;

/// A file being read.
struct Reader<'r> {
    file: &'r Path,
    text: &'r str,
    statements: Vec<Statement<'r>>,
}

/// Reads one of Alembic's revision files.
pub fn read_alembic_script(file: &Path, text: &str) -> Result<AlembicScript, DocumentError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let statements = statements(text)
        .map_err(|OpenQuote(at)| complaint(file, text, at, "a quote is not closed".to_owned(), None))?;
    let reader = Reader { file, text, statements };
    let mut ids = reader.texts("revision")?;
    let (Some(id), true) = (ids.pop(), ids.is_empty()) else {
        let hint = "each file needs a line `revision = \"…\"`; move what is no revision elsewhere";
        return Err(reader.complain(0, "the file has no revision id", Some(hint)));
    };
    let documentation = reader.documentation();
    let paragraph = documentation.trim().lines().take_while(|line| !line.trim().is_empty());
    let message = paragraph.take_while(|line| !line.starts_with("Revision ID:"));
    Ok(AlembicScript {
        id: RevisionId(id),
        revises: reader.texts("down_revision")?.into_iter().map(RevisionId).collect(),
        depends: reader.texts("depends_on")?,
        labels: reader.texts("branch_labels")?,
        message: message.map(str::trim).collect::<Vec<_>>().join(" "),
        created: created(documentation),
        up_is_empty: reader.does_nothing("upgrade"),
        down_is_empty: reader.does_nothing("downgrade"),
        file: file.to_owned(),
    })
}

/// The day of the docstring's `Create Date: 2026-11-21 07:10:57.472272`.
fn created(documentation: &str) -> Option<String> {
    let line = documentation.lines().find_map(|line| line.trim().strip_prefix("Create Date:"))?;
    let day: String = line.trim().get(..10)?.chars().filter(char::is_ascii_digit).collect();
    (day.len() == 8).then_some(day)
}

impl Reader<'_> {
    fn complain(&self, at: usize, message: &str, hint: Option<&str>) -> DocumentError {
        complaint(self.file, self.text, at, message.to_owned(), hint.map(str::to_owned))
    }

    /// The module's docstring; empty when it has none.
    fn documentation(&self) -> &str {
        match self.statements.first().map(|statement| statement.tokens.as_slice()) {
            Some([(_, Token::Text(literal))]) if literal.is_plain => &literal.value,
            _ => "",
        }
    }

    /// The texts that the module assigns to a name; none for `None`, and where it assigns nothing.
    fn texts(&self, name: &str) -> Result<Vec<String>, DocumentError> {
        let mut found = None;
        for statement in self.statements.iter().filter(|statement| !statement.is_inner) {
            let [(at, Token::Word(word)), rest @ ..] = statement.tokens.as_slice() else { continue };
            if *word != name {
                continue;
            }
            let value = match rest {
                [(_, Token::Sign('=')), value @ ..] => value,
                // An annotation, and perhaps no value after it.
                [(_, Token::Sign(':')), annotated @ ..] => match assigned(annotated) {
                    Some(value) => value,
                    None => continue,
                },
                _ => return Err(self.computed(*at, name)),
            };
            if found.is_some() {
                return Err(self.complain(*at, &format!("`{name}` is assigned twice"), None));
            }
            found = Some(items(value).map_err(|place| self.computed(place.unwrap_or(*at), name))?);
        }
        Ok(found.unwrap_or_default())
    }

    fn computed(&self, at: usize, name: &str) -> DocumentError {
        let hint = "no Python is run: write what it comes to, a text, a list of texts, or None";
        self.complain(at, &format!("`{name}` is computed"), Some(hint))
    }

    /// Whether a function is there, and has nothing in it but its docstring, `pass` or `...`.
    fn does_nothing(&self, function: &str) -> bool {
        let is_head = |statement: &Statement<'_>| {
            !statement.is_inner
                && matches!(statement.tokens.as_slice(),
                    [(_, Token::Word("def")), (_, Token::Word(name)), ..] if *name == function)
        };
        let Some(head) = self.statements.iter().position(is_head) else { return false };
        let tokens = &self.statements[head].tokens;
        let colon = tokens.iter().rposition(|(_, token)| *token == Token::Sign(':'));
        let in_line = colon.map_or(&[][..], |colon| &tokens[colon + 1..]);
        let body = self.statements[head + 1..].iter().take_while(|statement| statement.is_inner);
        (in_line.is_empty() || is_idle(in_line))
            && body.map(|inner| &inner.tokens).all(|inner| is_idle(inner))
    }
}

fn is_idle(tokens: &[Placed<'_>]) -> bool {
    match tokens {
        [(_, Token::Text(_) | Token::Word("pass"))] => true,
        dots => dots.len() == 3 && dots.iter().all(|(_, token)| *token == Token::Sign('.')),
    }
}

/// What stands behind the `=` that ends an annotation.
fn assigned<'s, 't>(tokens: &'s [Placed<'t>]) -> Option<&'s [Placed<'t>]> {
    let mut depth = 0_u32;
    for (position, (_, token)) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign('=') if depth == 0 => return Some(&tokens[position + 1..]),
            _ => {}
        }
    }
    None
}

/// The texts of `None`, `"a"`, `"a", "b"`, or the latter two in brackets; else the place of what is none of these.
fn items(tokens: &[Placed<'_>]) -> Result<Vec<String>, Option<usize>> {
    let inner = match tokens {
        [(_, Token::Word("None"))] => return Ok(Vec::new()),
        [(_, Token::Sign('(')), inner @ .., (_, Token::Sign(')'))]
        | [(_, Token::Sign('[')), inner @ .., (_, Token::Sign(']'))]
        | [(_, Token::Sign('{')), inner @ .., (_, Token::Sign('}'))] => inner,
        [] => return Err(None),
        bare => bare,
    };
    let mut found: Vec<String> = Vec::new();
    let mut is_open = false;
    for (at, token) in inner {
        match token {
            // Texts that stand side by side are one.
            Token::Text(literal) if literal.is_plain => match found.last_mut().filter(|_| is_open) {
                Some(before) => before.push_str(&literal.value),
                None => found.push(literal.value.clone()),
            },
            Token::Sign(',') if is_open => {}
            _ => return Err(Some(*at)),
        }
        is_open = matches!(token, Token::Text(_));
    }
    Ok(found)
}
