use super::*;

fn access() -> Access {
    Access { token: None, proxy: None, hosts: vec![], read_only: false, user: "anna".to_owned() }
}

fn with_token() -> Access {
    Access { token: Some(Token::new("0123456789abcdef")), ..access() }
}

fn behind_proxy() -> Access {
    let trusted = vec!["10.0.0.0/8".parse().unwrap()];
    Access { proxy: Some(Proxy { header: "X-Forwarded-User".to_owned(), trusted }), ..access() }
}

/// A request of this method with these headers, from there.
fn judged(
    access: &Access,
    method: &Method,
    headers: &[(&'static str, &str)],
    from: &str,
) -> Result<String, Denied> {
    let headers = headers.iter().map(|(name, value)| {
        (header::HeaderName::from_static(name), header::HeaderValue::from_bytes(value.as_bytes()).unwrap())
    });
    let mut sent = HeaderMap::new();
    for (name, value) in headers {
        sent.append(name, value);
    }
    let headers = sent;
    let request =
        Request { method, headers: &headers, from: from.parse().unwrap(), session: None, wait: None };
    access.judge(&request).map(|visitor| visitor.actor)
}

#[test]
fn a_name_that_points_here_is_not_enough() {
    let host = |access: &Access, host: &str| judged(access, &Method::GET, &[("host", host)], "127.0.0.1");
    for fine in ["localhost:8765", "LOCALHOST", "127.0.0.1:8765", "[::1]:8765", "192.168.1.7:80"] {
        assert_eq!(host(&access(), fine), Ok("anna (page)".to_owned()), "{fine}");
    }
    for foreign in ["evil.example:8765", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::1", ""] {
        let denied = host(&access(), foreign);
        if foreign == "[::1" {
            assert!(denied.is_ok(), "still an address");
        } else {
            assert!(matches!(denied, Err(Denied::Host(_))), "{foreign}: {denied:?}");
        }
    }
    let named = Access { hosts: vec!["longhaul.example.com".to_owned()], ..access() };
    assert!(host(&named, "longhaul.example.com:443").is_ok());
    assert_eq!(host(&with_token(), "db1.example"), Err(Denied::Login), "there it is the token that counts");
}

#[test]
fn a_change_must_come_from_the_page_itself() {
    let post = |headers: &[(&'static str, &str)]| judged(&access(), &Method::POST, headers, "127.0.0.1");
    let host = ("host", "127.0.0.1:8765");
    assert!(post(&[host, ("sec-fetch-site", "same-origin")]).is_ok());
    assert!(post(&[host, ("origin", "http://127.0.0.1:8765")]).is_ok());
    for other in [
        &[host][..],
        &[host, ("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8765")],
        &[host, ("sec-fetch-site", "same-site")],
        &[host, ("sec-fetch-site", "none")],
        &[host, ("origin", "http://evil.example")],
        &[host, ("origin", "http://127.0.0.1:8766")],
        &[host, ("origin", "null")],
        &[host, ("x-forwarded-host", "evil.example"), ("origin", "http://evil.example")],
    ] {
        assert_eq!(post(other), Err(Denied::OtherSite), "{other:?}");
    }
    let proxied = |from| {
        let headers = [
            host,
            ("x-forwarded-user", "ben"),
            ("x-forwarded-host", "longhaul.example.com"),
            ("origin", "https://longhaul.example.com"),
        ];
        judged(&behind_proxy(), &Method::POST, &headers, from)
    };
    assert_eq!(proxied("10.1.2.3"), Ok("ben (page)".to_owned()));
    assert_eq!(proxied("192.0.2.1"), Err(Denied::Proxy));
}

#[test]
fn nothing_is_changed_where_all_is_only_shown() {
    let shown = Access { read_only: true, ..access() };
    let headers = [("host", "localhost"), ("sec-fetch-site", "same-origin")];
    assert!(judged(&shown, &Method::GET, &headers, "::1").is_ok());
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        assert_eq!(judged(&shown, &method, &headers, "::1"), Err(Denied::ReadOnly), "{method}");
    }
}

#[test]
fn the_token_lets_in_by_cookie_or_header() {
    let get = |headers: &[(&'static str, &str)]| judged(&with_token(), &Method::GET, headers, "192.0.2.1");
    assert_eq!(get(&[("host", "db1")]), Err(Denied::Login));
    assert_eq!(
        get(&[("authorization", "Bearer 0123456789abcdef")]),
        Ok("token from 192.0.2.1 (page)".to_owned())
    );
    assert_eq!(get(&[("authorization", "Bearer 0123456789abcdeX")]), Err(Denied::WrongToken));
    assert_eq!(get(&[("authorization", "Basic 0123456789abcdef")]), Err(Denied::Login));
    let headers = HeaderMap::new();
    let with = |session: &Session, wait| {
        let from = [192, 0, 2, 1].into();
        with_token().judge(&Request {
            method: &Method::GET,
            headers: &headers,
            from,
            session: Some(session),
            wait,
        })
    };
    assert!(with(&Session::new(true), None).is_ok());
    assert!(with(&Session::new(true), Some(Duration::from_secs(9))).is_ok(), "who is in is not slowed down");
    assert_eq!(with(&Session::new(false), None), Err(Denied::Login));
}

#[test]
fn the_right_token_gets_in_also_from_where_wrong_ones_came() {
    let wait = Duration::from_secs(9);
    let of = |token: &str| {
        let value = header::HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        let (method, from) = (&Method::GET, [192, 0, 2, 1].into());
        with_token().judge(&Request { method, headers: &headers, from, session: None, wait: Some(wait) })
    };
    assert!(of("0123456789abcdef").is_ok());
    assert_eq!(of("0123456789abcdeX"), Err(Denied::Slow(wait)));
}

#[test]
fn a_name_counts_only_from_a_proxy_that_is_trusted() {
    let get = |headers: &[(&'static str, &str)], from| judged(&behind_proxy(), &Method::GET, headers, from);
    let (host, name) = (("host", "10.0.0.5"), ("x-forwarded-user", " carla "));
    assert_eq!(get(&[host, name], "10.0.0.1"), Ok("carla (page)".to_owned()));
    assert_eq!(get(&[host, name], "127.0.0.1"), Err(Denied::Proxy));
    assert_eq!(get(&[host], "10.0.0.1"), Err(Denied::Proxy));
    assert_eq!(get(&[host, ("x-forwarded-user", " ")], "10.0.0.1"), Err(Denied::Proxy));
    let named = |name| get(&[host, ("x-forwarded-user", name)], "10.0.0.1");
    assert_eq!(named("José"), Ok("José (page)".to_owned()));
    assert_eq!(named("a\u{85}b"), Err(Denied::Proxy));
    let two = [host, ("x-forwarded-user", "mallory"), ("x-forwarded-user", "ben")];
    assert_eq!(get(&two, "10.0.0.1"), Err(Denied::Proxy), "the first may be the visitor's own");
}
