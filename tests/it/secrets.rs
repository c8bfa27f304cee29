//! Passwords are nowhere but where they were given: not in what is said, not in the database, not in the list of processes.

use std::path::Path;

use tokio_postgres::types::ToSql;

use crate::support::{Items, JobKind, Outcome, Primary, Project};

/// Of the role, with everything that a URL gives a meaning to; as it is, as it stands in a URL, and pieces of it.
const PASSWORD: &str = "hunter/2?@:%&'=x#sesame";
const IN_URL: &str = "hunter%2F2%3F%40%3A%25%26%27%3Dx%23sesame";
const PIECES: [&str; 2] = ["hunter", "sesame"];

/// Of a probe's address, and in a probe's SQL.
const OTHERS: [&str; 2] = ["xyzzy", "plugh"];

struct Safe {
    items: Items,
    _server: Primary,
    place: String,
}

impl Safe {
    async fn new() -> Self {
        let server = Primary::start(&[]).await;
        let items = Items::on(server.database().await, 200, JobKind::Sweeping).await;
        let literal = PASSWORD.replace('\'', "''");
        items.database().execute(&format!("CREATE ROLE clerk SUPERUSER LOGIN PASSWORD '{literal}'")).await;
        let place = items.database().url.rsplit_once('@').unwrap().1.to_owned();
        Self { items, _server: server, place }
    }

    fn project(&self) -> &Project {
        &self.items.project
    }

    fn url(&self) -> String {
        format!("postgresql://clerk:{IN_URL}@{}", self.place)
    }

    /// `postgresql://clerk@…`: the password comes from elsewhere.
    fn bare_url(&self) -> String {
        format!("postgresql://clerk@{}", self.place)
    }

    /// Runs the program with these variables and no other address; nothing that it says has a secret in it.
    async fn says_no_secret(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Outcome {
        let variables = [&[("DATABASE_URL", "")], variables].concat();
        let outcome = self.project().longhaul_with(&variables, arguments).await;
        assert_silent(&outcome, arguments);
        outcome
    }

    /// No text of the control schema, and no session, has a secret in it.
    async fn stores_no_secret(&self) {
        let database = self.items.database();
        let columns = database
            .client
            .query(
                "SELECT format('SELECT %I::text FROM longhaul.%I', a.attname, c.relname)
                 FROM pg_attribute AS a
                 JOIN pg_class AS c ON c.oid = a.attrelid
                 WHERE c.relnamespace = 'longhaul'::regnamespace AND c.relkind = 'r'
                   AND a.attnum > 0 AND NOT a.attisdropped",
                &[],
            )
            .await
            .unwrap();
        assert!(columns.len() > 80, "{} columns", columns.len());
        let activity = "SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()".to_owned();
        let queries = columns.iter().map(|row| row.get::<_, String>(0)).chain([activity]);
        for query in queries {
            let none: &[&(dyn ToSql + Sync)] = &[];
            for row in database.client.query(&query, none).await.unwrap() {
                let text = row.get::<_, Option<String>>(0).unwrap_or_default();
                let found = secrets().find(|secret| text.contains(secret));
                // What a probe asks is in the session that asks.
                let asked = found == Some("plugh") && text.contains("longhaul_probe_answer");
                assert!(found.is_none() || asked, "{query}: {text}");
            }
        }
    }
}

fn secrets() -> impl Iterator<Item = &'static str> {
    PIECES.into_iter().chain(OTHERS)
}

fn assert_silent(outcome: &Outcome, what: &[&str]) {
    for secret in secrets() {
        assert!(!outcome.stdout.contains(secret), "{what:?} says `{secret}`:\n{}", outcome.stdout);
        assert!(!outcome.stderr.contains(secret), "{what:?} says `{secret}`:\n{}", outcome.stderr);
    }
}

const PROBES: &str = "
[[limits.probe]]
url = 'http://me:xyzzy@127.0.0.1:1/xyzzy?token=xyzzy'

[[limits.probe]]
sql = \"SELECT 'plugh'::int\"

[[limits.probe]]
sql = \"SELECT false AND 'plugh' <> ''\"
";

#[tokio::test]
async fn a_run_with_secrets_everywhere_tells_none_of_them() {
    let safe = Safe::new().await;
    let job = safe.project().read("fill.toml");
    safe.project().write("fill.toml", &format!("{job}{PROBES}"));
    let url = safe.url();
    let run = &["run", "fill", "--workers", "1", "-v"];
    let mut process = safe.project().spawn_with(&[("DATABASE_URL", &url)], run);
    process.hear("probe").await;
    safe.items.until("EXISTS (SELECT FROM longhaul.worker WHERE doing <> 'working')").await;
    for entry in ["cmdline", "comm"] {
        let path = format!("/proc/{}/{entry}", process.id());
        let text = std::fs::read_to_string(Path::new(&path)).unwrap();
        assert!(secrets().all(|secret| !text.contains(secret)), "{path}: {text}");
    }
    safe.stores_no_secret().await;
    for command in
        [&["status"][..], &["status", "fill", "--json"], &["log", "--json"], &["log", "fill", "-v"]]
    {
        safe.says_no_secret(&[("DATABASE_URL", &url)], command).await.succeeded();
    }
    process.signal(rustix::process::Signal::INT);
    assert_silent(&process.outcome().await.ended_with(4), run);
    safe.project().write("fill.toml", &job.replace("old * 2", "1 / (id - 150)"));
    let anew = ["run", "fill", "--anew", "-v"];
    safe.says_no_secret(&[("DATABASE_URL", &url)], &anew).await.ended_with(1);
    safe.stores_no_secret().await;
}

#[tokio::test]
async fn wherever_a_password_is_given_nobody_says_it() {
    let safe = Safe::new().await;
    let (url, bare) = (safe.url(), safe.bare_url());
    let (host, rest) = safe.place.split_once(':').unwrap();
    let (port, database) = rest.split_once('/').unwrap();
    let escaped = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
    let pairs = format!("host={host} port={port} dbname={database} user=clerk password='{escaped}'");
    let line = format!("{host}:{port}:*:clerk:{}\n", PASSWORD.replace(':', "\\:"));
    let passfile = safe.project().jobs().join("pgpass");
    std::fs::write(&passfile, line).unwrap();
    let passfile = passfile.to_str().unwrap();
    let sqlalchemy = url.replacen("postgresql", "postgresql+asyncpg", 1);
    let places: &[&[(&str, &str)]] = &[
        &[("DATABASE_URL", &url)],
        &[("DATABASE_URL", &pairs)],
        &[("SQLALCHEMY_DATABASE_URI", &sqlalchemy)],
        &[("DATABASE_URL", &bare), ("PGPASSWORD", PASSWORD)],
        &[("DATABASE_URL", &bare), ("PGPASSFILE", passfile)],
        &[
            ("PGHOST", host),
            ("PGPORT", port),
            ("PGUSER", "clerk"),
            ("PGDATABASE", database),
            ("PGPASSWORD", PASSWORD),
        ],
        &[("PGPORT", port), ("DATABASE_URL", &url)],
    ];
    for place in places {
        for command in [&["doctor"][..], &["doctor", "--json", "-v"], &["check"], &["--help"]] {
            safe.says_no_secret(place, command).await.succeeded();
        }
        safe.says_no_secret(place, &["run", "fill", "-v"]).await.succeeded();
    }
    // In files of the project.
    for text in [format!("database_url = \"{url}\""), "database_url = \"${PAYROLL_URL}\"".to_owned()] {
        safe.project().configure(&text);
        safe.says_no_secret(&[("PAYROLL_URL", &url)], &["status", "-v"]).await.succeeded();
    }
    safe.project().configure("");
    let root = safe.project().jobs().parent().unwrap().join(".env");
    std::fs::write(&root, format!("DATABASE_URL={url}\n")).unwrap();
    let outcome = safe.project().longhaul_without("DATABASE_URL", &["status", "--json"]).await;
    assert_silent(&outcome.succeeded(), &[".env"]);
    safe.stores_no_secret().await;
}

#[tokio::test]
async fn an_address_that_is_no_good_is_refused_without_its_password() {
    let safe = Safe::new().await;
    let at = &safe.place;
    let (_, database) = at.split_once('/').unwrap();
    for (url, code) in [
        // Somebody else's password.
        (format!("postgresql://clerk:hunter2-sesame@{at}"), 1),
        (format!("postgresql://nobody:hunter2-sesame@{at}"), 1),
        (format!("postgresql://clerk:{IN_URL}@127.0.0.1:1/{database}"), 1),
        (format!("postgresql://clerk:{IN_URL}@nowhere.invalid/{database}"), 1),
        (format!("postgresql://clerk:{IN_URL}@{at}-not-there"), 1),
        (format!("postgresql://clerk:{IN_URL}@{at}?sslmode=verify-full&sslrootcert=none.pem"), 1),
        (format!("postgresql://clerk:hunter@sesame@{at}"), 2),
        ("postgresql://clerk:hunter-sesame@h:99999/d".to_owned(), 2),
        ("postgresql://clerk:hunter-sesame@[h/d".to_owned(), 2),
        ("postgresql://clerk:hunter-sesame@h/d?nonsense=1".to_owned(), 2),
        ("postgresql://clerk:hunter-sesame@h/d?sslmode=never".to_owned(), 2),
        ("host=h password=hunter sesame=1".to_owned(), 2),
        ("host=h password='hunter sesame".to_owned(), 2),
        ("mysql://clerk:hunter-sesame@h/d".to_owned(), 2),
    ] {
        for arguments in [&["status", "-v"][..], &["run", "fill", "--json"], &["upgrade"]] {
            safe.says_no_secret(&[("DATABASE_URL", &url)], arguments).await.ended_with(code);
            safe.says_no_secret(&[], &[arguments, &["--database-url", &url]].concat()).await.ended_with(code);
        }
        let doctor = safe.says_no_secret(&[("DATABASE_URL", &url)], &["doctor", "--json"]).await;
        assert!(matches!(doctor.status.code(), Some(2 | 3)), "{url}");
    }
    let wrong = [("DATABASE_URL", safe.bare_url()), ("PGPASSWORD", "hunter2-sesame".to_owned())];
    let wrong = wrong.each_ref().map(|(name, value)| (*name, value.as_str()));
    safe.says_no_secret(&wrong, &["status", "-v"]).await.ended_with(1);
}

#[tokio::test]
async fn a_file_with_a_mistake_is_shown_without_its_secrets() {
    let safe = Safe::new().await;
    for text in [
        "database_ulr = \"postgresql://clerk:hunter2@h/sesame\"",
        "database_url = [\"postgresql://clerk:hunter2@h/sesame\"]",
        "database_url = \"postgresql://clerk:hunter2@h/sesame",
        "database_url = \"postgresql://clerk:hunter2@h/${SESAME}\"",
        "database = \"host=h password=hunter2\"",
    ] {
        safe.project().configure(text);
        safe.says_no_secret(&[], &["status"]).await.ended_with(2);
    }
    safe.project().configure("");
    let job = safe.project().read("fill.toml");
    for probe in [
        "adress = 'http://me:xyzzy@gate/'",
        "url = ['http://me:xyzzy@gate/']",
        "url = 'http://me:xyzzy@gate/",
    ] {
        safe.project().write("fill.toml", &format!("{job}\n[[limits.probe]]\n{probe}\n"));
        safe.says_no_secret(&[("DATABASE_URL", &safe.url())], &["run", "fill"]).await.ended_with(2);
    }
    safe.project().write("fill.toml", &job);
    let root = safe.project().jobs().parent().unwrap().join(".env");
    for line in
        ["DATABASE_URL=postgresql://clerk:hun ter sesame@h/d", "DATABASE_URL='hunter", "hunter sesame"]
    {
        std::fs::write(&root, format!("{line}\n")).unwrap();
        safe.says_no_secret(&[], &["status"]).await.ended_with(2);
    }
}
