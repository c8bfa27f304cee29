//! Text in the cells of a terminal: measured as it is drawn, and cut so that nothing wraps.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands for characters that are not shown.
const ELLIPSIS: &str = "…";

/// What a text says of the state of things. Never told by its colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing.
    #[default]
    Plain,
    /// Work goes on.
    Good,
    /// It is held, paused, or waits.
    Held,
    /// It failed, or others suffer.
    Bad,
    /// Less important.
    Faint,
}

/// A text in one tone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// A line of a screen.
pub(super) type Line = Vec<Span>;

impl Span {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// Cells that the text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text in one line, without what would move the cursor or turn the direction of writing: names and reasons come from
/// anywhere.
pub(super) fn clean(text: &str) -> String {
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if c.is_whitespace() || is_bad(c) { ' ' } else { c }).collect()
}

/// The text in at most so many cells; where it is longer, its last cell says so.
pub(super) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(1) else { return String::new() };
    let (mut kept, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        kept.push(c);
    }
    format!("{}{ELLIPSIS}", kept.trim_end())
}

/// The line in at most so many cells.
pub(super) fn cut_line(line: Line, most: usize) -> Line {
    let mut left = most;
    let mut kept = Vec::new();
    for span in line {
        let text = cut(&clean(&span.text), left);
        left -= width(&text).min(left);
        kept.push(Span { text, ..span });
    }
    kept
}

/// Lays parts out after `head`, in order, each where it fits: on the line in hand, or on the next one, set in by two. What
/// is longer than a line is cut, and what doesn't fit on `most` lines is left out.
pub(super) fn flow(head: Line, parts: Vec<Span>, cells: usize, most: usize) -> Vec<Line> {
    let mut lines = vec![cut_line(head, cells)];
    let mut used: usize = lines[0].iter().map(|span| width(&span.text)).sum();
    let mut begun = false;
    for part in parts {
        let text = clean(&part.text);
        let joint = match (begun, used) {
            (_, 0) => "",
            (false, _) => " ",
            (true, _) => ", ",
        };
        if used + width(joint) + width(&text) <= cells {
            used += width(joint) + width(&text);
            if let Some(line) = lines.last_mut() {
                line.push(Span::plain(joint));
                line.push(Span { text, ..part });
            }
        } else if lines.len() < most {
            let text = cut(&text, cells.saturating_sub(2));
            used = 2 + width(&text);
            lines.push(vec![Span::plain("  "), Span { text, ..part }]);
        } else {
            break;
        }
        begun = true;
    }
    lines
}

/// The text on at most so many lines, broken between words; what is left over is cut.
pub(super) fn wrap(text: &str, cells: usize, most: usize) -> Vec<String> {
    let text = clean(text);
    let (mut lines, mut rest) = (Vec::new(), text.trim());
    while lines.len() + 1 < most && width(rest) > cells {
        let (mut used, mut end, mut blank) = (0, 0, None);
        for (at, c) in rest.char_indices() {
            used += c.width().unwrap_or(0);
            if used > cells + usize::from(c == ' ') {
                break;
            }
            if c == ' ' && at > 0 {
                blank = Some(at);
            }
            end = at + c.len_utf8();
        }
        let end = blank.unwrap_or(end);
        if end == 0 {
            break;
        }
        lines.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    lines.push(cut(rest, cells));
    lines
}

/// The texts of a line, one behind the other.
#[cfg(test)]
pub(super) fn text_of(line: &Line) -> String {
    line.iter().map(|span| span.text.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_measured_as_they_are_drawn() {
        assert_eq!(cut("給与データ", 10), "給与データ");
        assert_eq!(cut("給与データ", 9), "給与デー…");
        assert_eq!(cut("給与データ", 8), "給与デ…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut("abc", 1), "…");
    }

    #[test]
    fn long_texts_are_broken_between_words() {
        assert_eq!(wrap("the role poor lacks rights", 10, 3), ["the role", "poor lacks", "rights"]);
        assert_eq!(wrap("the role poor lacks rights", 10, 2), ["the role", "poor lack…"]);
        assert_eq!(wrap("SELECT_給与データを全部", 10, 9), ["SELECT_給", "与データを", "全部"]);
        assert_eq!(wrap("給", 1, 3), ["…"]);
        assert_eq!(wrap("", 10, 3), [""]);
    }

    #[test]
    fn nothing_in_a_name_moves_the_cursor() {
        assert_eq!(clean("a\x1b[2Jb\n\u{202e}c\u{7}"), "a [2Jb  c ");
    }

    #[test]
    fn parts_go_on_on_the_next_line_and_the_last_ones_are_left_out() {
        let parts = || ["running", "8 to 10 min left", "48,200 rows/s"].map(Span::plain).to_vec();
        let laid = |cells, most| {
            flow(vec![Span::plain("45 %")], parts(), cells, most).iter().map(text_of).collect::<Vec<_>>()
        };
        assert_eq!(laid(80, 3), ["45 % running, 8 to 10 min left, 48,200 rows/s"]);
        assert_eq!(laid(30, 3), ["45 % running, 8 to 10 min left", "  48,200 rows/s"]);
        assert_eq!(laid(20, 2), ["45 % running", "  8 to 10 min left"]);
        assert_eq!(laid(12, 3), ["45 % running", "  8 to 10 m…", "  48,200 ro…"]);
    }
}
