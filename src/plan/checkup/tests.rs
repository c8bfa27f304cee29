use super::*;

const WANTED: Wanted<'_> = Wanted { workers: 2, control: "longhaul", is_verified: true };

fn well() -> Server {
    Server {
        version: "17.2".into(),
        tls: Some("TLSv1.3".into()),
        is_here: false,
        role: "app".into(),
        database: "pay".into(),
        reads_activity: true,
        may_create: false,
        may_use_control: Some(true),
        free_connections: 90,
        autovacuum: true,
        track_activities: true,
        max_wal_size: 16 << 30,
        shared_buffers: 8 << 30,
        standbys: 1,
        waits_for_standbys: false,
        idle_slots: vec![],
        prepared: vec![],
        event_triggers: vec![],
        extensions: vec![],
        archives: true,
        archive_failed: None,
        clock_ahead: 0.1,
    }
}

fn level(server: &Server, subject: &str) -> Level {
    let findings = judge(server, WANTED);
    findings.iter().find(|finding| finding.subject == subject).unwrap().level
}

#[test]
fn a_server_that_is_well_is_fine_in_everything() {
    for finding in judge(&well(), WANTED) {
        assert_eq!((finding.level, &finding.mend), (Level::Fine, &None), "{finding:?}");
    }
}

#[test]
fn what_isnt_says_what_to_do() {
    type Spoiled = (&'static str, Level, fn(&mut Server));
    let cases: [Spoiled; 16] = [
        ("TLS", Level::Note, |s| s.tls = None),
        ("rights", Level::Bad, |s| s.may_use_control = Some(false)),
        ("rights", Level::Bad, |s| s.may_use_control = None),
        ("sight", Level::Note, |s| s.reads_activity = false),
        ("sight", Level::Note, |s| s.track_activities = false),
        ("connections", Level::Bad, |s| s.free_connections = 5),
        ("autovacuum", Level::Note, |s| s.autovacuum = false),
        ("WAL", Level::Note, |s| s.max_wal_size = 1 << 30),
        ("memory", Level::Note, |s| s.shared_buffers = 128 << 20),
        ("archive", Level::Bad, |s| s.archive_failed = Some("2026-11-26".into())),
        ("standbys", Level::Note, |s| s.waits_for_standbys = true),
        ("standbys", Level::Bad, |s| (s.standbys, s.waits_for_standbys) = (0, true)),
        ("slots", Level::Note, |s| s.idle_slots = vec!["old".into()]),
        ("prepared", Level::Bad, |s| s.prepared = vec!["'x' of app".into()]),
        ("event triggers", Level::Note, |s| s.event_triggers = vec!["log_ddl".into()]),
        ("clocks", Level::Note, |s| s.clock_ahead = -300.0),
    ];
    for (subject, wanted, spoil) in cases {
        let mut server = well();
        spoil(&mut server);
        assert_eq!(level(&server, subject), wanted, "{subject}");
        for finding in judge(&server, WANTED) {
            assert_eq!(finding.mend.is_some(), finding.level > Level::Fine, "{finding:?}");
        }
    }
    assert_eq!(level(&Server { may_use_control: None, may_create: true, ..well() }, "rights"), Level::Fine);
    assert_eq!(
        level(&Server { archives: false, archive_failed: Some("then".into()), ..well() }, "archive"),
        Level::Fine
    );
}
