//! Which table a name means, as far as the file itself tells.

use squawk_syntax::ast::AstNode;

use crate::manifest::statement::{plain, words};

/// How names are to be read at a statement.
#[derive(Default)]
pub(super) struct Names {
    /// The schema that the file has set first in the `search_path`.
    schema: Option<String>,
}

impl Names {
    /// Learns from a statement that sets the path.
    pub(super) fn follow(&mut self, sql: &str) {
        let words = words(sql);
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        let at = match upper.as_slice() {
            ["SET", "LOCAL" | "SESSION", "SEARCH_PATH", "TO" | "=", ..] => 4,
            ["SET", "SEARCH_PATH", "TO" | "=", ..] => 3,
            ["RESET", "SEARCH_PATH" | "ALL", ..] => {
                self.schema = None;
                return;
            }
            _ => return,
        };
        let first = words.get(at).map(|name| plain(name));
        self.schema = first.filter(|name| !name.starts_with('"') && name != "default");
    }

    /// The name of a table or an index, with the schema that the file has set.
    pub(super) fn relation(&self, node: Option<impl AstNode>) -> String {
        node.map(|node| self.as_written(&text(&node))).unwrap_or_default()
    }

    /// The same from its text.
    pub(super) fn as_written(&self, name: &str) -> String {
        let name = plain(name);
        match &self.schema {
            Some(schema) if !name.is_empty() && !name.contains('.') => format!("{schema}.{name}"),
            _ => name,
        }
    }
}

/// The name of what belongs to a table.
pub(super) fn name(node: Option<impl AstNode>) -> String {
    node.map(|node| plain(&text(&node))).unwrap_or_default()
}

/// What stands there, in one line and without comments.
pub(super) fn text(node: &impl AstNode) -> String {
    let tokens = node.syntax().descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token);
    let mut all = String::new();
    for token in tokens {
        let text = token.text();
        if text.starts_with("--") || text.starts_with("/*") || text.trim().is_empty() {
            if !all.ends_with(' ') {
                all.push(' ');
            }
        } else {
            all.push_str(text);
        }
    }
    all.trim().to_owned()
}
