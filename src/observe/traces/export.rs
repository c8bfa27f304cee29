//! A thread that posts spans, several at a time.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use super::span::attribute;
use crate::config::{Environment, Secret};

/// Spans that wait to be posted, at the most; further ones are lost.
const MOST_WAITING: usize = 1024;

/// Spans that are posted at once.
const AT_ONCE: usize = 256;

/// How long spans are gathered.
const GATHER: Duration = Duration::from_secs(2);

/// How long a receiver has.
const PATIENCE: Duration = Duration::from_secs(3);

/// Takes ended spans, until it is finished.
pub(super) struct Exporter(Mutex<Option<(SyncSender<Value>, JoinHandle<()>)>>);

impl Exporter {
    /// To where the variables say; `None`: they say nothing.
    pub(super) fn from_environment(environment: &Environment, host: &str) -> Option<Self> {
        let base = || environment.get("OTEL_EXPORTER_OTLP_ENDPOINT");
        let url = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").map(str::to_owned);
        let url = url.or_else(|| Some(format!("{}/v1/traces", base()?.trim_end_matches('/'))))?;
        let headers = environment.get("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
        let headers: Vec<(String, Secret)> = headers
            .split(',')
            .filter_map(|header| header.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), Secret::new(value.trim().to_owned())))
            .collect();
        let service = environment.get("OTEL_SERVICE_NAME").unwrap_or("longhaul");
        let resource = json!({ "attributes": [
            attribute("service.name", service),
            attribute("service.version", env!("CARGO_PKG_VERSION")),
            attribute("host.name", host),
        ] });
        let (queue, spans) = sync_channel(MOST_WAITING);
        let post = Post { url: Secret::new(url), headers, resource, agent: agent() };
        let thread =
            std::thread::Builder::new().name("traces".to_owned()).spawn(move || gather(&post, &spans));
        Some(Self(Mutex::new(Some((queue, thread.ok()?)))))
    }

    /// Queues it; lost where the queue is full.
    pub(super) fn export(&self, span: Value) {
        if let Some((queue, _)) = &*self.open() {
            let _ = queue.try_send(span);
        }
    }

    /// Posts what is left, and takes no more.
    pub(super) fn finish(&self) {
        let open = self.open().take();
        if let Some((queue, thread)) = open {
            drop(queue);
            let _ = thread.join();
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<(SyncSender<Value>, JoinHandle<()>)>> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

/// How spans are posted.
struct Post {
    url: Secret,
    headers: Vec<(String, Secret)>,
    resource: Value,
    agent: Agent,
}

fn gather(post: &Post, spans: &Receiver<Value>) {
    let mut gathered = Vec::new();
    loop {
        match spans.recv_timeout(GATHER) {
            Ok(span) => gathered.push(span),
            Err(RecvTimeoutError::Timeout) => post.send(&mut gathered),
            Err(RecvTimeoutError::Disconnected) => {
                post.send(&mut gathered);
                return;
            }
        }
        if gathered.len() >= AT_ONCE {
            post.send(&mut gathered);
        }
    }
}

impl Post {
    fn send(&self, spans: &mut Vec<Value>) {
        if spans.is_empty() {
            return;
        }
        let scope = json!({ "name": "longhaul", "version": env!("CARGO_PKG_VERSION") });
        let spans = std::mem::take(spans);
        let count = spans.len();
        let body = json!({ "resourceSpans": [{
            "resource": self.resource,
            "scopeSpans": [{ "scope": scope, "spans": spans }],
        }] });
        let mut request = self.agent.post(self.url.expose()).header("Content-Type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value.expose());
        }
        if request.send(body.to_string()).is_err() {
            // The error may name the address, and that may have a secret in it.
            tracing::debug!(target: "longhaul::traces", count, "spans were not taken");
        }
    }
}

fn agent() -> Agent {
    Agent::new_with_config(Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).build())
}
