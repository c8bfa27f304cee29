//! The lines on the screen.

use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Row, Span as Piece, Text};
use ratatui::widgets::Paragraph;

use super::lines::lines;
use super::model::Model;
use crate::observe::fit::Tone;

/// Draws all of it; `color`: in colours.
pub fn draw(frame: &mut Frame<'_>, model: &Model, color: bool) {
    let area = frame.area();
    let rows = lines(model, area.width.into(), area.height.into());
    let rows: Vec<Row<'_>> = rows
        .into_iter()
        .map(|line| {
            let pieces = line.into_iter().map(|span| Piece::styled(span.text, style(span.tone, color)));
            Row::from(pieces.collect::<Vec<_>>())
        })
        .collect();
    frame.render_widget(Paragraph::new(Text::from(rows)), area);
}

fn style(tone: Tone, color: bool) -> Style {
    if !color {
        return Style::default();
    }
    match tone {
        Tone::Plain => Style::default(),
        Tone::Good => Style::default().fg(Color::Green),
        Tone::Held => Style::default().fg(Color::Yellow),
        Tone::Bad => Style::default().fg(Color::Red),
        Tone::Faint => Style::default().add_modifier(Modifier::DIM),
    }
}
