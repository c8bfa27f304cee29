//! Shows notices on stderr: on a terminal some lines at its bottom that are drawn again and again, elsewhere one line a
//! change of state and one every 30 seconds, or a line of JSON each.
//!
//! ```text
//! notice ─► board (what is known) ─┬─ region: the lines at the bottom, twice a second and at each change of state
//!           words (what is said)  ─┴─ printed above them
//! ```

mod board;
mod crew;
mod json;
mod region;
mod words;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::engine::{Notice, Observer};
use crate::model::human_count;
use board::{Board, Now, State};
use region::Region;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// How often a line of JSON says how far the work is.
const JSON_EVERY: Duration = Duration::from_secs(1);

/// How often the lines at the bottom are worked out.
const DRAW_EVERY: Duration = Duration::from_millis(500);

/// How talkative to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Nothing but errors.
    Quiet,
    /// Changes of state.
    Normal,
    /// Every change of the batch size too.
    Verbose,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Lines that are drawn again and again, at the bottom of a terminal.
    Bars {
        /// In colours.
        color: bool,
    },
    /// Lines that stay.
    Lines,
    /// An object of JSON a line.
    Json,
}

/// An observer that writes to stderr.
pub struct Terminal {
    shared: Arc<Shared>,
    /// Draws again while nothing happens.
    ticker: Option<JoinHandle<()>>,
}

struct Shared {
    clock: Clock,
    began: Instant,
    talk: Talk,
    show: Show,
    inside: Mutex<Inside>,
}

struct Inside {
    board: Board,
    region: Option<Region>,
    last_line: Duration,
    last_json: Option<Duration>,
}

impl Terminal {
    /// Draws nothing by itself outside of a runtime.
    #[must_use]
    pub fn new(clock: &Clock, talk: Talk, show: Show) -> Self {
        let region = match show {
            Show::Bars { color } if talk != Talk::Quiet => Some(Region::new(color)),
            _ => None,
        };
        let inside = Inside { board: Board::default(), region, last_line: Duration::ZERO, last_json: None };
        let shared = Arc::new(Shared {
            clock: clock.clone(),
            began: clock.monotonic(),
            talk,
            show,
            inside: Mutex::new(inside),
        });
        let runtime = tokio::runtime::Handle::try_current().ok();
        let ticker =
            runtime.filter(|_| talk != Talk::Quiet).map(|runtime| runtime.spawn(tick(shared.clone())));
        Self { shared, ticker }
    }

    /// Prints above the lines at the bottom.
    pub fn above(&self, print: impl FnOnce()) {
        match &self.shared.inside().region {
            Some(region) => region.above(print),
            None => print(),
        }
    }

    /// Says something that is no notice.
    pub fn say(&self, text: &str) {
        if self.shared.show == Show::Json {
            self.object("said", serde_json::json!({ "text": text }));
        } else {
            self.shared.line(&self.shared.inside(), text);
        }
    }

    /// Writes a line of JSON: when, the event's word, and what it has of its own.
    pub fn object(&self, event: &str, own: serde_json::Value) {
        let mut object = serde_json::json!({ "at": self.shared.clock.wall().to_string(), "event": event });
        if let (Some(object), serde_json::Value::Object(own)) = (object.as_object_mut(), own) {
            object.extend(own);
        }
        say(&object.to_string());
    }

    /// How progress is shown.
    #[must_use]
    pub fn show(&self) -> Show {
        self.shared.show
    }

    /// The run is left, for a while or for good: what is shown of it goes. `waiting`: what is waited for meanwhile.
    pub fn leave(&self, waiting: Option<&str>) {
        let (mut inside, now) = (self.shared.inside(), self.shared.now());
        inside.board.leave();
        if let Some(reason) = waiting {
            inside.board.take(&Notice::Waiting { reason: reason.to_owned() }, now);
        }
        inside.draw(now);
    }

    /// Nothing is drawn any more, and what was is gone.
    pub fn end(&self) {
        self.shared.end();
    }
}

async fn tick(shared: Arc<Shared>) {
    loop {
        shared.clock.sleep(DRAW_EVERY).await;
        let (mut inside, now) = (shared.inside(), shared.now());
        if inside.region.is_some() {
            inside.draw(now);
        } else {
            shared.line_now_and_then(&mut inside, now);
        }
    }
}

impl Inside {
    fn draw(&mut self, now: Now) {
        if let Some(region) = &mut self.region {
            region.show(self.board.lines(region::size(), now));
        }
    }
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("no holder of this lock can panic")
    }

    fn now(&self) -> Now {
        let time = self.clock.monotonic().saturating_duration_since(self.began);
        Now { time, wall: self.clock.wall() }
    }

    fn line(&self, inside: &Inside, text: &str) {
        match &inside.region {
            _ if self.talk == Talk::Quiet => {}
            Some(region) => region.above(|| say(text)),
            None => say(text),
        }
    }

    fn notice(&self, notice: &Notice) {
        let (mut inside, now) = (self.inside(), self.now());
        let before = inside.board.state.clone();
        inside.board.take(notice, now);
        if self.show == Show::Json {
            self.json(&mut inside, notice, now);
        } else {
            self.tell(&mut inside, notice, (&before, now));
        }
        match notice {
            Notice::Leaving => inside.end(),
            // Its lines change with each batch: the next tick is soon enough.
            Notice::Batch(_) | Notice::Blocks { .. } | Notice::WorkerDoes { .. } => {}
            _ => inside.draw(now),
        }
    }

    fn tell(&self, inside: &mut Inside, notice: &Notice, (before, now): (&State, Now)) {
        let cells = inside.region.is_some().then(|| region::size().0);
        for line in words::lines(notice, cells) {
            self.line(inside, &line);
        }
        match notice {
            Notice::Resized { reason } if self.talk == Talk::Verbose => self.line(inside, reason),
            _ if inside.region.is_some() => {}
            Notice::Pass { .. } => {
                if let Some(progress) = &inside.board.progress {
                    let text = match progress.seen() {
                        0 => format!(
                            "{}: about {} rows to pass",
                            progress.pass(),
                            human_count(progress.total())
                        ),
                        _ => format!("{}: {}", progress.pass(), progress.describe()),
                    };
                    self.line(inside, &text);
                }
                inside.last_line = now.time;
            }
            Notice::Waiting { .. } | Notice::Held { .. } | Notice::GoesOn => {
                self.line_of_state(inside, notice, before);
            }
            Notice::Batch(_) => self.line_now_and_then(inside, now),
            Notice::Statement { .. } => inside.last_line = now.time,
            _ => {}
        }
    }

    /// A change of state, once.
    fn line_of_state(&self, inside: &Inside, notice: &Notice, before: &State) {
        match (notice, before) {
            (Notice::Waiting { reason }, State::Waiting(known, _)) if reason == known => {}
            (Notice::Waiting { reason }, _) => self.line(inside, &format!("waiting: {reason}")),
            (Notice::Held { reasons, .. }, State::Held(known, _)) if *known == reasons.join("; ") => {}
            (Notice::Held { reasons, .. }, _) => self.line(inside, &format!("held: {}", reasons.join("; "))),
            _ => self.line(inside, "goes on"),
        }
    }

    fn line_now_and_then(&self, inside: &mut Inside, now: Now) {
        if self.show != Show::Lines || now.time.saturating_sub(inside.last_line) < LINE_EVERY {
            return;
        }
        let end = inside.board.end(now);
        let (_, state) = inside.board.state_words(now);
        let text = match (&inside.board.progress, inside.board.statement(now.time)) {
            (Some(progress), _) => {
                let held = match inside.board.state {
                    State::Held(..) | State::Waiting(..) => format!(", {state}"),
                    _ => String::new(),
                };
                format!("{} {} %: {}{end}{held}", progress.pass(), progress.percent(), progress.describe())
            }
            (None, Some((time, statement))) if time >= LINE_EVERY => statement,
            _ => return,
        };
        inside.last_line = now.time;
        self.line(inside, &text);
    }

    fn json(&self, inside: &mut Inside, notice: &Notice, now: Now) {
        if matches!(notice, Notice::Batch(_)) {
            let due = inside.last_json.is_none_or(|last| now.time.saturating_sub(last) >= JSON_EVERY);
            if !due {
                return;
            }
            inside.last_json = Some(now.time);
        }
        if self.talk != Talk::Quiet
            && let Some(object) = json::object(notice, &inside.board, (now, self.talk))
        {
            say(&object.to_string());
        }
    }

    fn end(&self) {
        self.inside().end();
    }
}

impl Inside {
    fn end(&mut self) {
        if let Some(mut region) = self.region.take() {
            region.end();
        }
    }
}

impl Observer for Terminal {
    fn notice(&self, notice: Notice) {
        self.shared.notice(&notice);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(ticker) = self.ticker.take() {
            ticker.abort();
        }
        self.end();
    }
}

fn say(text: &str) {
    // A closed stderr is no reason to stop the work.
    let _ = writeln!(std::io::stderr(), "{text}");
}
