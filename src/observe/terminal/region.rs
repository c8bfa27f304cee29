//! The lines at the bottom of the terminal that are drawn again and again.
//!
//! `indicatif` says when to draw and makes room for what is printed above; what it wants drawn is collected here, and only
//! the lines that changed are sent: over a slow line a redraw is some dozens of bytes. A line ends with a line end and is
//! never as wide as the terminal, so that a terminal that lays its text out anew when it gets narrower makes of each line so
//! many rows as are counted here.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::super::fit::{Line, Tone, cut_line, width};

/// Draws a second at the most.
const HERTZ: u8 = 5;

/// The lines, as drawn last.
pub(super) struct Region {
    bar: ProgressBar,
    color: bool,
    shown: Vec<Line>,
}

impl Region {
    /// At the bottom of stderr's terminal. Nothing is drawn yet.
    pub(super) fn new(color: bool) -> Self {
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Changes::default()), HERTZ);
        let style = ProgressStyle::with_template("{msg}").expect("the template is a constant that parses");
        Self { bar: ProgressBar::with_draw_target(None, target).with_style(style), color, shown: Vec::new() }
    }

    /// Shows these lines.
    pub(super) fn show(&mut self, lines: Vec<Line>) {
        let cells = size().0;
        let lines: Vec<Line> =
            lines.into_iter().map(|line| cut_line(line, cells.saturating_sub(1))).collect();
        if lines == self.shown {
            return;
        }
        let painted: Vec<String> = lines.iter().map(|line| painted(line, self.color)).collect();
        self.bar.set_message(painted.join("\n"));
        self.shown = lines;
    }

    /// Prints above them.
    pub(super) fn above(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes them away for good.
    pub(super) fn end(&mut self) {
        if !self.bar.is_finished() {
            self.bar.finish_and_clear();
        }
    }
}

/// The line with its tones as colours, or without.
fn painted(line: &Line, color: bool) -> String {
    line.iter().fold(String::new(), |mut text, span| {
        let code = match span.tone {
            Tone::Plain => "",
            Tone::Good => "32",
            Tone::Held => "33",
            Tone::Bad => "31",
            Tone::Faint => "2",
        };
        if !color || code.is_empty() || span.text.is_empty() {
            text.push_str(&span.text);
        } else {
            let _ = write!(text, "\x1b[{code}m{}\x1b[0m", span.text);
        }
        text
    })
}

/// Cells of a line and lines of stderr's terminal. One that doesn't tell has the classic ones.
pub(super) fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stderr()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}

/// Collects what is to be drawn, and sends what is different from what was drawn before.
#[derive(Clone, Debug, Default)]
struct Changes(Arc<Mutex<Frames>>);

#[derive(Debug, Default)]
struct Frames {
    before: Vec<String>,
    next: Vec<String>,
    /// The terminal's width when it was drawn.
    cells: usize,
}

impl Frames {
    /// What turns the frame before into the next one. The cursor stands at the end of the last line, before and after.
    fn turn(&mut self, cells: usize) -> String {
        let (mut sent, before) = (String::new(), std::mem::take(&mut self.before));
        let next = std::mem::take(&mut self.next);
        let reflowed = cells != self.cells && !before.is_empty();
        let rows = |line: &String| width(&without_colors(line)).div_ceil(cells.max(1)).max(1);
        let up = if reflowed { before.iter().map(rows).sum() } else { before.len() };
        if reflowed || before.len() != next.len() {
            up_to_first(&mut sent, up);
            sent.push_str("\x1b[J");
            sent.push_str(&next.join("\x1b[K\r\n"));
        } else if before != next {
            up_to_first(&mut sent, up);
            for (at, (old, new)) in before.iter().zip(&next).enumerate() {
                if old != new {
                    let _ = write!(sent, "{new}\x1b[K");
                }
                if at + 1 < next.len() {
                    sent.push_str("\r\n");
                } else if old == new {
                    let _ = write!(sent, "\x1b[{}C", width(&without_colors(new)).max(1));
                }
            }
        }
        (self.before, self.cells) = (next, cells);
        sent
    }
}

fn up_to_first(sent: &mut String, rows: usize) {
    sent.push('\r');
    if rows > 1 {
        let _ = write!(sent, "\x1b[{}A", rows - 1);
    }
}

/// The text of a painted line.
fn without_colors(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

impl TermLike for Changes {
    fn width(&self) -> u16 {
        u16::try_from(size().0).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(size().1).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> std::io::Result<()> {
        self.write_str(text)
    }

    /// Lines come one by one, each with the blanks behind it by themselves.
    fn write_str(&self, text: &str) -> std::io::Result<()> {
        if !text.trim().is_empty() {
            self.0.lock().expect("no holder can panic").next.push(text.to_owned());
        }
        Ok(())
    }

    fn flush(&self) -> std::io::Result<()> {
        let sent = self.0.lock().expect("no holder can panic").turn(size().0);
        let mut out = std::io::stderr().lock();
        out.write_all(sent.as_bytes())?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(frames: &mut Frames, next: &[&str], cells: usize) -> String {
        frames.next = next.iter().map(ToString::to_string).collect();
        frames.turn(cells)
    }

    #[test]
    fn only_lines_that_changed_are_sent() {
        let mut frames = Frames::default();
        assert_eq!(turned(&mut frames, &["run 1 %", "worker"], 80), "\r\x1b[Jrun 1 %\x1b[K\r\nworker");
        assert_eq!(turned(&mut frames, &["run 2 %", "worker"], 80), "\r\x1b[1Arun 2 %\x1b[K\r\n\x1b[6C");
        assert_eq!(turned(&mut frames, &["run 2 %", "worker"], 80), "");
        assert_eq!(turned(&mut frames, &["run 2 %"], 80), "\r\x1b[1A\x1b[Jrun 2 %");
        assert_eq!(turned(&mut frames, &[], 80), "\r\x1b[J");
    }

    #[test]
    fn a_terminal_that_got_narrower_has_more_rows_to_take_away() {
        let mut frames = Frames::default();
        turned(&mut frames, &["\x1b[32mtwelve cells\x1b[0m", "six"], 80);
        assert_eq!(turned(&mut frames, &["five"], 5), "\r\x1b[3A\x1b[Jfive");
    }

    #[test]
    fn colours_are_left_out_where_none_are_wanted() {
        let line = vec![crate::observe::fit::Span::new(Tone::Good, "running")];
        assert_eq!(painted(&line, false), "running");
        assert_eq!(painted(&line, true), "\x1b[32mrunning\x1b[0m");
    }
}
