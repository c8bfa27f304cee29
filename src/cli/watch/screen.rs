//! The terminal while the live view has it: all of the screen, keys as they come, and given back as it was, however the
//! process ends.

use std::io::Error;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use rustix::process::{Signal, getpid, kill_process};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::observe::watch::{Key, Model, draw};

/// The screen; dropped, it is given back. A panic gives it back first.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    color: bool,
}

/// What the terminal says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input {
    /// A key.
    Key(Key),
    /// Another size, or something else that wants a drawing.
    Resized,
    /// It is gone.
    Gone,
}

impl Screen {
    pub(super) fn take(color: bool) -> Result<Self, Error> {
        Ok(Self { terminal: ratatui::try_init()?, color })
    }

    pub(super) fn draw(&mut self, model: &Model) -> Result<(), Error> {
        self.terminal.draw(|frame| draw(frame, model, self.color)).map(|_| ())
    }

    pub(super) fn clear(&mut self) -> Result<(), Error> {
        self.terminal.clear()
    }

    /// Gives the screen back and stops, until somebody continues the process.
    pub(super) fn suspend(&mut self) -> Result<(), Error> {
        ratatui::try_restore()?;
        kill_process(getpid(), Signal::TSTP)?;
        self.terminal = ratatui::try_init()?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Where it fails the terminal is gone.
        let _ = ratatui::try_restore();
    }
}

/// Keys, from a thread of their own: reading them blocks. It ends with the process.
pub(super) fn keys() -> UnboundedReceiver<Input> {
    let (sender, keys) = unbounded_channel();
    std::thread::spawn(move || {
        loop {
            let input = match event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Release => continue,
                Ok(Event::Key(key)) => match translated(key.code, key.modifiers) {
                    Some(key) => Input::Key(key),
                    None => continue,
                },
                Ok(_) => Input::Resized,
                Err(_) => Input::Gone,
            };
            if sender.send(input).is_err() || matches!(input, Input::Gone) {
                return;
            }
        }
    });
    keys
}

fn translated(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    Some(match code {
        KeyCode::Char(character) if modifiers.contains(KeyModifiers::CONTROL) => Key::Ctrl(character),
        KeyCode::Char(character) => Key::Char(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        _ => return None,
    })
}
