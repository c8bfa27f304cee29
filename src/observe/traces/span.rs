//! A span, and how OTLP writes it in JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

/// Where a span belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    trace: u128,
    span: u64,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Nobody says.
    Unset,
    /// Well.
    Ok,
    /// It was left, or failed.
    Error,
}

/// Something that takes time.
#[derive(Clone, Debug)]
pub(super) struct Span {
    name: &'static str,
    context: Context,
    parent: Option<u64>,
    began: Timestamp,
    attributes: Vec<Value>,
    events: Vec<Value>,
}

/// Events of a span that are kept.
const MOST_EVENTS: usize = 100;

impl Context {
    /// `00-<32 hex digits>-<16 hex digits>-01`, as W3C's header has it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
        if version.len() != 2 || trace.len() != 32 || span.len() != 16 {
            return None;
        }
        let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
        (trace != 0 && span != 0).then_some(Self { trace, span })
    }
}

impl Span {
    /// Begins now, within its parent or as the first of a trace.
    pub(super) fn begin(name: &'static str, parent: Option<Context>, now: Timestamp) -> Self {
        let trace = parent.map_or_else(|| fastrand::u128(1..), |parent| parent.trace);
        let context = Context { trace, span: fastrand::u64(1..) };
        let parent = parent.map(|parent| parent.span);
        Self { name, context, parent, began: now, attributes: Vec::new(), events: Vec::new() }
    }

    pub(super) fn context(&self) -> Context {
        self.context
    }

    pub(super) fn attribute(&mut self, key: &str, value: impl Into<Attribute>) {
        self.attributes.push(attribute(key, value));
    }

    /// Something that happens in it.
    pub(super) fn event(&mut self, name: &str, key: &str, value: &str, now: Timestamp) {
        if self.events.len() < MOST_EVENTS {
            let event = json!({ "timeUnixNano": nanoseconds(now), "name": name, "attributes": [attribute(key, value)] });
            self.events.push(event);
        }
    }

    /// What OTLP says of it.
    pub(super) fn ended(self, now: Timestamp, status: Status) -> Value {
        let status = match status {
            Status::Unset => json!({}),
            Status::Ok => json!({ "code": 1 }),
            Status::Error => json!({ "code": 2 }),
        };
        json!({
            "traceId": format!("{:032x}", self.context.trace),
            "spanId": format!("{:016x}", self.context.span),
            "parentSpanId": self.parent.map(|parent| format!("{parent:016x}")).unwrap_or_default(),
            "name": self.name,
            "kind": 1,
            "startTimeUnixNano": nanoseconds(self.began),
            "endTimeUnixNano": nanoseconds(now),
            "attributes": self.attributes,
            "events": self.events,
            "status": status,
        })
    }
}

/// A value of an attribute.
pub(super) enum Attribute {
    Text(String),
    Number(i64),
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A key and its value, as OTLP writes them: numbers of 64 bits are texts in JSON.
pub(super) fn attribute(key: &str, value: impl Into<Attribute>) -> Value {
    let value = match value.into() {
        Attribute::Text(text) => json!({ "stringValue": text }),
        Attribute::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": key, "value": value })
}

fn nanoseconds(at: Timestamp) -> String {
    at.as_nanosecond().max(0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_taken_only_as_w3c_writes_it() {
        let context = Context::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        let span =
            Span::begin("run", Some(context), Timestamp::UNIX_EPOCH).ended(Timestamp::UNIX_EPOCH, Status::Ok);
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
        for bad in ["", "00-1-2-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-é-1-01"]
        {
            assert_eq!(Context::parse(bad), None, "{bad}");
        }
    }
}
