//! The one browser of the test run, spoken to over its debugging pipe (the protocol of Chrome's developer tools). It ends with the test
//! process, since the pipe ends then.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Flags beside the profile: nothing is asked of the network, and no sandbox, which root and containers don't have.
const FLAGS: &str = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                     --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars=false";

static BROWSER: LazyLock<Chromium> = LazyLock::new(Chromium::start);

pub(crate) struct Chromium {
    sink: Mutex<ChildStdin>,
    state: &'static Mutex<State>,
    _child: Mutex<Child>,
}

#[derive(Default)]
struct State {
    number: u64,
    waiting: HashMap<u64, Sender<Value>>,
    /// Events by the session that they are of.
    events: HashMap<String, Vec<Value>>,
}

/// The browser, started by whoever asks first.
pub(crate) fn browser() -> &'static Chromium {
    &BROWSER
}

/// `LONGHAUL_CHROMIUM`, one on the PATH, or else one that scripts/chromium gets.
fn program() -> PathBuf {
    let output = Command::new("scripts/chromium").stderr(Stdio::inherit()).output().unwrap();
    let path = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !path.trim().is_empty(), "scripts/chromium found no browser");
    PathBuf::from(path.trim())
}

impl Chromium {
    fn start() -> Self {
        let profile = tempfile::Builder::new().prefix("longhaul-browser-").tempdir().unwrap().keep();
        // The pipe is on 3 and 4. When it ends the browser does, and its profile is removed.
        let script = "\"$1\" $2 --remote-debugging-pipe --user-data-dir=\"$3\" about:blank 3<&0 4>&1 >/dev/null 2>&1 </dev/null; \
                      rm -rf \"$3\"";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args([program().as_os_str(), FLAGS.as_ref(), profile.as_os_str()])
            .env("HOME", &profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sink, source) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let state: &'static Mutex<State> = Box::leak(Box::default());
        std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut message = Vec::new();
            while matches!(source.read_until(0, &mut message), Ok(1..)) {
                message.pop();
                if let Ok(value) = serde_json::from_slice::<Value>(&message) {
                    state.lock().unwrap().take(value);
                }
                message.clear();
            }
        });
        Self { sink: Mutex::new(sink), state, _child: Mutex::new(child) }
    }

    /// Calls a method of the browser, or of a session of it.
    pub(crate) fn call(&self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        let (sender, receiver): (Sender<Value>, Receiver<Value>) = channel();
        let id = {
            let mut state = self.state.lock().unwrap();
            state.number += 1;
            let id = state.number;
            state.waiting.insert(id, sender);
            id
        };
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut text = message.to_string();
        text.push('\0');
        self.sink.lock().unwrap().write_all(text.as_bytes()).unwrap();
        let answer = receiver.recv_timeout(Duration::from_secs(60));
        let answer = answer.unwrap_or_else(|error| panic!("{method}: the browser says nothing: {error}"));
        assert!(answer.get("error").is_none(), "{method} {parameters}: {answer}");
        answer["result"].clone()
    }

    /// What a session has told of so far.
    pub(crate) fn events(&self, session: &str) -> Vec<Value> {
        self.state.lock().unwrap().events.get(session).cloned().unwrap_or_default()
    }
}

impl State {
    fn take(&mut self, message: Value) {
        if let Some(waiting) = message["id"].as_u64().and_then(|id| self.waiting.remove(&id)) {
            let _ = waiting.send(message);
        } else if let Some(session) = message["sessionId"].as_str() {
            self.events.entry(session.to_owned()).or_default().push(message);
        }
    }
}
