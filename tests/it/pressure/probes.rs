//! Questions of the user's own.

use std::sync::Arc;
use std::time::Duration;

use longhaul::model::{Limit, Limits, Probe, Question};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::{Watch, assert_begins, assert_contains, none};
use crate::support::Database;

fn sql(name: Option<&str>, query: &str, above: f64) -> Probe {
    let question = Question::Sql { query: query.to_owned(), above };
    Probe { name: name.map(str::to_owned), question, every: Probe::EVERY }
}

fn probes(probes: impl Into<Vec<Probe>>) -> Limits {
    Limits { probes: probes.into(), ..none() }
}

#[tokio::test]
async fn a_query_holds_by_true_or_by_a_number_above_its_limit() {
    let database = Database::empty().await;
    database
        .execute("CREATE TABLE state (computing bool, queued bigint); INSERT INTO state VALUES (false, 3)")
        .await;
    let asked = [
        sql(Some("payroll"), "SELECT computing, 1, 1 FROM state -- now", 0.0),
        sql(Some("queue"), "SELECT queued FROM state", 3.0),
    ];
    let mut watch = Watch::new(&database.url, &probes(asked)).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    database.execute("UPDATE state SET computing = true, queued = 4").await;
    assert_eq!(watch.held(1).await, ["probe payroll 1 > 0 (true)", "probe queue 4 > 3"]);
    database.execute("UPDATE state SET computing = false, queued = 3").await;
    assert_eq!(watch.held(2).await, [""; 0]);
}

#[tokio::test]
async fn a_query_that_tells_nothing_holds_and_the_others_are_read_all_the_same() {
    let database = Database::empty().await;
    database.execute("CREATE SEQUENCE number").await;
    let asked = [
        sql(Some("gone"), "SELECT true FROM nowhere", 0.0),
        sql(Some("empty"), "SELECT true WHERE false", 0.0),
        sql(Some("word"), "SELECT 'busy'::text", 0.0),
        sql(Some("null"), "SELECT NULL::bool", 0.0),
        sql(Some("writes"), "SELECT nextval('number')", 9.0),
        sql(Some("slow"), "SELECT pg_sleep(30), 1", 0.0),
        sql(Some("fine"), "SELECT 0.5", 0.0),
    ];
    let mut watch = Watch::new(&database.url, &probes(asked)).await;
    let held = watch.held(0).await;
    assert_eq!(held[0], "probe gone can't be read, limit 0: relation \"nowhere\" does not exist");
    assert_eq!(held[1], "probe empty can't be read, limit 0: the query returned no row");
    assert_contains(&held[2], "the query's first column is text: neither true or false nor a number");
    assert_contains(&held[3], "the query's first column is NULL");
    assert_contains(
        &held[4],
        "probe writes not read yet: cannot execute nextval() in a read-only transaction",
    );
    assert_contains(&held[5], "probe slow not read yet: canceling statement due to statement timeout");
    assert_eq!(held[6], "probe fine 0.5 > 0");
    assert_eq!(held.len(), 7);
}

/// An address that answers each request with what `answer` holds then; `None`: not at all.
async fn address(answer: Arc<Mutex<Option<&'static str>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/may-migrate", listener.local_addr().unwrap());
    tokio::spawn(async move {
        // What is not answered stays open.
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            if let Some(status) = *answer.lock().await {
                let text = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\nlocation: /\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(text.as_bytes()).await;
            } else {
                open.push(stream);
            }
        }
    });
    url
}

#[tokio::test]
async fn an_address_holds_by_any_answer_but_200() {
    let database = Database::empty().await;
    let answer = Arc::new(Mutex::new(Some("200 OK")));
    let url = address(answer.clone()).await;
    let probe = |url: &str| Probe {
        name: Some("gate".into()),
        question: Question::Url(url.to_owned()),
        every: Duration::from_secs(1),
    };
    let mut watch = Watch::new(&database.url, &probes([probe(&url)])).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    for (second, status) in [(1, "503 Busy"), (2, "204 No Content"), (3, "302 Found")] {
        *answer.lock().await = Some(status);
        assert_eq!(watch.reason(second).await, format!("probe gate {} ≠ 200", &status[..3]));
    }
    *answer.lock().await = None;
    assert_begins(&watch.reason(4).await, "probe gate no answer ≠ 200 (");
    *answer.lock().await = Some("200 OK");
    assert_eq!(watch.held(5).await, [""; 0]);

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    watch.signals.set_limits(&probes([probe(&format!("http://{nobody}/"))]));
    assert_begins(&watch.reason(6).await, "probe gate no answer ≠ 200 (");
}

#[tokio::test]
async fn limits_that_change_are_applied_to_what_was_read() {
    let database = Database::empty().await;
    let limits = |above, most| Limits {
        active_sessions: Some(Limit::At(most)),
        ..probes([sql(Some("queue"), "SELECT 4", above)])
    };
    let mut watch = Watch::new(&database.url, &limits(9.0, 1000)).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    let reasons =
        |watch: &mut Watch| watch.verdict(0).holds.into_iter().map(|hold| hold.reason).collect::<Vec<_>>();
    watch.signals.set_limits(&limits(9.0, 2000));
    assert_eq!(reasons(&mut watch), [""; 0], "nothing was lost");
    watch.signals.set_limits(&limits(3.0, 2000));
    assert_eq!(reasons(&mut watch), ["probe queue not read yet"], "another question");
    assert_eq!(watch.held(0).await, ["probe queue 4 > 3"], "is asked at once");
}
