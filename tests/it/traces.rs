//! Spans for OpenTelemetry, where the program was built with them.

use serde_json::Value;

use crate::support::{Answer, Items, JobKind, Receiver};

fn spans(receiver: &Receiver) -> Vec<Value> {
    let bodies = receiver.received();
    let of = |body: Value| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone();
    bodies.iter().flat_map(|one| of(one.json())).collect()
}

#[tokio::test]
async fn a_run_is_a_span_with_its_passes_within_it_and_the_process_around() {
    let receiver = Receiver::new().await;
    let items = Items::new(40, JobKind::Sweeping).await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-token=hunter2"),
        ("TRACEPARENT", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let outcome = items.project.longhaul_with(&variables, &["run", "fill"]).await.succeeded();
    assert!(!outcome.stderr.contains("hunter2"));
    let request = &receiver.hears(1).await[0];
    assert!(
        request.head.starts_with("POST /v1/traces ") && request.head.contains("hunter2"),
        "{}",
        request.head
    );
    let spans = spans(&receiver);
    let named = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let (process, run) = (named("longhaul")[0], named("run")[0]);
    assert_eq!(process["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(run["parentSpanId"], process["spanId"]);
    assert_eq!((named("pass").len(), named("proof").len()), (2, 1));
    for span in named("pass").into_iter().chain(named("proof")) {
        assert_eq!(span["parentSpanId"], run["spanId"]);
        assert_eq!(span["status"]["code"], 1, "{span}");
    }
    for span in &spans {
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        let at = |key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
        assert!(at("startTimeUnixNano") <= at("endTimeUnixNano"), "{span}");
    }
}

#[tokio::test]
async fn revisions_have_spans_and_a_receiver_that_never_answers_holds_nothing_up() {
    let receiver = Receiver::answering(&[Answer::Nothing]).await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.write(
        "1_note.sql",
        "-- revision: aaaa1111\n-- migrate:up transaction:false\nALTER TABLE items ADD note text DEFAULT 'hunter2';\n\
         CREATE INDEX CONCURRENTLY items_note ON items (note);\n-- migrate:down\nALTER TABLE items DROP note;\n",
    );
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str())];
    items.project.longhaul_with(&variables, &["upgrade"]).await.succeeded();
    receiver.hears(1).await;
    let spans = spans(&receiver);
    let statements: Vec<_> = spans.iter().filter(|span| span["name"] == "statement").collect();
    let revision = spans.iter().find(|span| span["name"] == "revision").unwrap();
    assert_eq!(statements.len(), 2);
    assert!(statements.iter().all(|span| span["parentSpanId"] == revision["spanId"]));
    assert!(!receiver.received()[0].body.contains("hunter2"));
}
