//! Somebody who takes messages over HTTP: keeps what comes, and answers as the test wants.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::wait_for;

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status, perhaps with a header, and a body.
    Says(&'static str, &'static str),
    /// Nothing, and the connection stays open.
    Nothing,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Listens until the test ends.
pub(crate) struct Receiver {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// Answers the first requests with these in turn, and then always with the last.
    pub(crate) async fn answering(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (kept, answers) = (received.clone(), answers.to_vec());
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                let number = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(request);
                    kept.len() - 1
                };
                match answers.get(number).or(answers.last()).expect("it has an answer") {
                    Answer::Nothing => open.push(stream),
                    Answer::Says(status, body) => {
                        let length = body.len();
                        let text = format!(
                            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                        );
                        let _ = stream.write_all(text.as_bytes()).await;
                    }
                }
            }
        });
        Self { url, received }
    }

    /// Takes everything.
    pub(crate) async fn new() -> Self {
        Self::answering(&[Answer::Says("200 OK", "ok")]).await
    }

    /// What has come so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many have come, and returns all.
    pub(crate) async fn hears(&self, count: usize) -> Vec<Received> {
        wait_for("messages come", async || self.received().len() >= count).await;
        self.received()
    }
}

impl Received {
    /// The body, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                let body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
                return Some(Received { head, body });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
