//! Who gets in, and who doesn't.

use std::net::TcpListener;

use super::Served;
use crate::support::{Database, Project};

const TOKEN: &str = "a-token-that-nobody-guesses";

async fn project() -> Project {
    Project::new(Database::empty().await)
}

#[tokio::test]
async fn on_this_machine_it_is_open_by_its_own_names_only() {
    let project = project().await;
    let page = Served::of(&project).await;
    page.http.get("/").is(200).says("longhaul has stored nothing in this database yet");
    page.http.with("Host", "localhost:8765").get("/").is(200);
    let foreign = page.http.with("Host", "evil.example").get("/").is(421);
    foreign.says("isn't known by the name").hides("on 127.0.0.1");
    // What doesn't exist isn't followed nor loaded again.
    page.http.get("/elsewhere").is(404).hides("data-live").hides("http-equiv");
    page.http.with("Host", "evil.example").get("/live?page=%2F").is(421);
    page.http.with("Host", "evil.example").get("/healthz").is(200).says("ok");
    let named = Served::with(&project, &["--host", "longhaul.example.com"]).await;
    named.http.with("Host", "longhaul.example.com").get("/").is(200);
}

#[tokio::test]
async fn elsewhere_it_does_not_start_without_a_token_or_a_proxy() {
    let project = project().await;
    let refused = project.longhaul(&["serve", "--listen", "0.0.0.0:0"]).await.ended_with(2);
    refused
        .says("error: the page would be open to everybody who reaches 0.0.0.0:0")
        .says("hint: give it a token (--token-file FILE, or LONGHAUL_PAGE_TOKEN)");
    let short = [("LONGHAUL_PAGE_TOKEN", "secret")];
    let refused = project.longhaul_with(&short, &["serve", "--listen", "0.0.0.0:0"]).await.ended_with(2);
    refused.says("error: the page's token is too short: 6 characters, and 16 are the least");
    let refused = project.longhaul(&["serve", "--token-file", "nowhere"]).await.ended_with(2);
    refused
        .says("error: can't read the page's token from nowhere")
        .says("hint: `openssl rand -hex 32 > FILE`");
    for half in [["--trust-header", "X-Forwarded-User"], ["--trust-proxy", "10.0.0.0/8"]] {
        let arguments = ["serve", "--listen", "0.0.0.0:0", half[0], half[1]];
        project.longhaul(&arguments).await.ended_with(2).says("says nothing without --trust-");
    }
    project.longhaul(&["serve", "--trust-proxy", "proxy.example"]).await.ended_with(2).says("is no address");
    project.longhaul(&["serve", "--listen", "localhost"]).await.ended_with(2);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let busy = project.longhaul(&["serve", "--listen", &address]).await.ended_with(1);
    busy.says(&format!("error: can't listen at {address}")).says("hint: is a page running there already?");
    project.configure("[page]\nlisten = \"everywhere\"\n");
    let refused = project.longhaul(&["serve"]).await.ended_with(2);
    refused
        .says("config/development.toml:2:10: `everywhere` is no address with a port")
        .says("hint: write it as");
    project.configure("[page]\ntrust_proxy = [\"::1\", \"proxy\"]\n");
    project
        .longhaul(&["serve"])
        .await
        .ended_with(2)
        .says("config/development.toml:2:23: `proxy` is no address");
}

#[tokio::test]
async fn the_token_is_asked_for_once() {
    let project = project().await;
    let file = project.jobs().join("../token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let page = Served::with(&project, &["--token-file", file.to_str().unwrap()]).await;
    let browser = page.http.with("Sec-Fetch-Site", "same-origin");
    browser.get("/events?kind=run").leads_to("/login?to=%2Fevents%3Fkind%3Drun");
    browser.get("/live?page=%2F").is(401).hides("revisions");
    browser.post("/runs/1/pause", &[("why", "x")]).is(401);
    let form = browser.get("/login?to=%2Fevents%3Fkind%3Drun").is(200);
    form.says("type=\"password\"").says("value=\"/events?kind=run\"");
    browser.post("/login", &[("token", "wrong"), ("to", "/")]).is(401).says("That is not this page's token");
    let elsewhere = browser.post("/login", &[("token", TOKEN), ("to", "//evil.example/")]);
    elsewhere.leads_to("/");
    let other_site = page.http.with("Sec-Fetch-Site", "cross-site");
    other_site.post("/login", &[("token", TOKEN), ("to", "/")]).is(403);
    let entered = browser.post("/login", &[("token", TOKEN), ("to", "/events")]).leads_to("/events");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(entered.headers["set-cookie"].contains(part), "{:?}", entered.headers);
    }
    let inside = browser.with("Cookie", &entered.cookie());
    inside.get("/").is(200).says("Log out");
    inside.get("/live?page=%2Fnothing").is(404);
    inside.post("/logout", &[]).leads_to("/");
    inside.with("Cookie", &format!("{}0", entered.cookie())).get("/").is(303);
    let scraper = page.http.with("Authorization", &format!("Bearer {TOKEN}"));
    let answer = scraper.get("/").is(200);
    assert!(!answer.headers.contains_key("set-cookie"), "a scraper gets no session: {:?}", answer.headers);
    page.http.get("/healthz").is(200);
}

#[tokio::test]
async fn who_guesses_tokens_is_slowed_down() {
    let project = project().await;
    let page = Served::with_variables(&project, &[("LONGHAUL_PAGE_TOKEN", TOKEN)], &[]).await;
    let browser = page.http.with("Sec-Fetch-Site", "same-origin");
    let guess = || browser.post("/login", &[("token", "a-guess"), ("to", "/")]).status;
    let bearer = || page.http.with("Authorization", "Bearer a-guess").get("/").status;
    let mut answers: Vec<u16> = Vec::new();
    // Time passes between two guesses, so it isn't told which comes too early; that one does is.
    while !answers.contains(&429) {
        assert!(answers.len() < 500, "{answers:?}");
        answers.extend([guess(), bearer()]);
    }
    assert!(answers.iter().take(5).all(|status| *status == 401), "{answers:?}");
    assert!(answers.iter().all(|status| [401, 429].contains(status)), "{answers:?}");
    // Behind a proxy everybody has this address.
    page.http.with("Authorization", &format!("Bearer {TOKEN}")).get("/metrics").is(200);
    browser.post("/login", &[("token", TOKEN), ("to", "/")]).leads_to("/");
}

#[tokio::test]
async fn a_proxy_that_is_trusted_says_who_it_is() {
    let project = project().await;
    let trusted = ["--trust-header", "X-Forwarded-User", "--trust-proxy", "127.0.0.0/8"];
    let page = Served::with(&project, &trusted).await;
    page.http.get("/").is(403).says("No trusted proxy has said who you are");
    page.http.with("X-Forwarded-User", "ben").get("/").is(200);
    let stranger = ["--trust-header", "X-Forwarded-User", "--trust-proxy", "10.0.0.7"];
    let page = Served::with(&project, &stranger).await;
    page.http.with("X-Forwarded-User", "ben").get("/").is(403);
}

#[tokio::test]
async fn every_answer_forbids_what_the_page_does_not_need() {
    let project = project().await;
    let page = Served::of(&project).await;
    for path in
        ["/", "/history", "/nothing", "/runs/1", "/layout.css", "/live.js", "/icon.svg", "/login", "/healthz"]
    {
        let headers = page.http.get(path).headers;
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert!(headers.contains_key("cache-control"), "{path}");
    }
    assert_eq!(page.http.get("/").headers["cache-control"], "no-store");
    let refused = page.http.with("Host", "evil.example").get("/");
    assert!(refused.headers.contains_key("content-security-policy"));
}

#[tokio::test]
async fn a_link_on_another_site_leads_in_by_a_second_step() {
    let project = project().await;
    let page = Served::of(&project).await;
    let link = page.http.with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "navigate");
    let step = link.get("/runs/5?x=%22").is(200).says("0; url=/runs/5?x=%22");
    assert!(!step.headers.contains_key("set-cookie"), "the browser has one that it keeps back");
    link.get("//evil.example/x").is(200).says("0; url=/\"").hides("evil");
    link.with("Cookie", &page.http.get("/").cookie()).get("/").is(200).says("Runs");
}
