//! Connections with TLS: each mode protects from what it says, and everything works through it.

use rustix::process::Signal;

use crate::support::{Authority, Encrypted, Items, Primary};

/// The server's own address, which its certificate is for unless a test wants another.
const HERE: &str = "127.0.0.1";

/// The items on a server whose certificate is for these hosts; the authority's certificate is `ca.pem` in the project.
async fn on_server_for(hosts: &[&str]) -> (Items, Primary) {
    let authority = Authority::new();
    let server = Encrypted::start(&authority.vouches(hosts, "server"), None).await;
    let (items, server) = server.items(400).await;
    items.project.write("ca.pem", &authority.pem());
    items.project.write("other.pem", &Authority::new().pem());
    (items, server)
}

/// The items' URL with these parameters; `{jobs}` is where the files are.
fn url(items: &Items, parameters: &str) -> String {
    let jobs = items.project.jobs();
    format!("{}?{}", items.database().url, parameters.replace("{jobs}", jobs.to_str().unwrap()))
}

#[tokio::test]
async fn each_mode_asks_for_what_it_says() {
    let (items, _server) = on_server_for(&[HERE]).await;
    for parameters in [
        "sslmode=prefer",
        "sslmode=require",
        "sslmode=verify-ca&sslrootcert={jobs}/ca.pem",
        "sslmode=verify-full&sslrootcert={jobs}/ca.pem",
        "sslmode=verify-full&sslrootcert={jobs}/ca.pem&channel_binding=require",
    ] {
        items.project.longhaul(&["heads", "--database-url", &url(&items, parameters)]).await.succeeded();
        let doctor = ["doctor", "--database-url", &url(&items, parameters)];
        let told = items.project.longhaul(&doctor).await.succeeded().stdout;
        let is_verified = told.contains("the certificate is verified");
        assert_eq!(is_verified, parameters.contains("verify"), "{parameters}: {told}");
    }
    for (parameters, says) in [
        ("sslmode=disable", "no encryption"),
        ("sslmode=verify-ca&sslrootcert={jobs}/other.pem", "invalid peer certificate"),
        ("sslmode=require&sslrootcert={jobs}/other.pem", "invalid peer certificate"),
        ("sslmode=verify-full&sslrootcert=system", "invalid peer certificate"),
        ("sslmode=verify-full&sslrootcert={jobs}/none.pem", "no certificate in "),
        ("sslmode=verify-full&sslrootcert={jobs}/fill.toml", "no certificate in "),
    ] {
        let status = ["status", "--database-url", &url(&items, parameters)];
        let outcome = items.project.longhaul(&status).await.ended_with(1);
        let outcome = outcome.says("can't connect to test on 127.0.0.1").says(says);
        if says.contains("peer") {
            outcome.says("hint: is sslrootcert the authority of the server's certificate");
        }
    }
    for parameters in ["sslmode=verify-full", "sslmode=sometimes", "sslcert=me.crt"] {
        let status = ["status", "--database-url", &url(&items, parameters)];
        items.project.longhaul(&status).await.ended_with(2).says("hint:");
    }
}

#[tokio::test]
async fn a_certificate_of_another_host_is_no_good_where_the_host_is_looked_at() {
    let (items, _server) = on_server_for(&["elsewhere.example"]).await;
    let status = async |parameters: &str| {
        items.project.longhaul(&["status", "--database-url", &url(&items, parameters)]).await
    };
    status("sslmode=verify-ca&sslrootcert={jobs}/ca.pem").await.succeeded();
    status("sslmode=verify-full&sslrootcert={jobs}/ca.pem").await.ended_with(1).says("not valid for name");
}

#[tokio::test]
async fn a_server_that_signed_its_own_certificate_is_known_by_it() {
    let certified = rcgen::generate_simple_self_signed([HERE.to_owned()]).unwrap();
    let pair = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let server = Encrypted::start(&pair, None).await;
    let (items, _server) = server.items(10).await;
    items.project.write("server.pem", &pair.0);
    let parameters = "sslmode=verify-full&sslrootcert={jobs}/server.pem";
    items.project.longhaul(&["status", "--database-url", &url(&items, parameters)]).await.succeeded();
}

#[tokio::test]
async fn who_must_have_a_certificate_shows_it() {
    let authority = Authority::new();
    let server = Encrypted::start(&authority.vouches(&[HERE], "server"), Some(&authority)).await;
    let (items, _server) = server.items(10).await;
    let user: String = items.database().value("SELECT current_user::text").await;
    for (file, name) in [("me", user.as_str()), ("you", "somebody")] {
        let (certificate, key) = authority.vouches(&[], name);
        items.project.write(&format!("{file}.crt"), &certificate).write(&format!("{file}.key"), &key);
    }
    let status = async |parameters: &str| {
        items.project.longhaul(&["status", "--database-url", &url(&items, parameters)]).await
    };
    status("sslmode=require&sslcert={jobs}/me.crt&sslkey={jobs}/me.key").await.succeeded();
    status("sslmode=require").await.ended_with(1);
    status("sslmode=require&sslcert={jobs}/you.crt&sslkey={jobs}/you.key").await.ended_with(1);
    status("sslmode=require&sslcert={jobs}/me.crt&sslkey={jobs}/you.key")
        .await
        .ended_with(1)
        .says("does the key (sslkey) belong to the certificate (sslcert)?");
}

#[tokio::test]
async fn a_run_is_cancelled_and_gone_on_with_through_tls() {
    let (items, _server) = on_server_for(&[HERE]).await;
    items.write_patient_job();
    let url = url(&items, "sslmode=verify-full&sslrootcert={jobs}/ca.pem");
    let run = ["run", "fill", "--workers", "1", "--database-url", &url];
    items
        .database()
        .execute(
            "CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
             CREATE TRIGGER take_time BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id = 200)
                 EXECUTE FUNCTION take_time()",
        )
        .await;
    let mut process = items.project.spawn(&run);
    items
        .until("EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'longhaul batches' AND wait_event = 'PgSleep')")
        .await;
    let all: bool = items
        .database()
        .value("SELECT bool_and(s.ssl) FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid) WHERE a.application_name LIKE 'longhaul%'")
        .await;
    assert!(all, "a connection without TLS");
    process.signal(Signal::INT);
    process.hear("finishing the batch").await;
    process.signal(Signal::INT);
    process.outcome().await.ended_with(130).says("nothing of it kept");
    items.database().execute("DROP TRIGGER take_time ON items").await;
    items.project.longhaul(&run).await.succeeded();
    items.assert_each_row_done_once("through TLS").await;
}
