//! HTTP by hand: every header as the test wants it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Somebody who talks to a page.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) address: String,
    /// Headers of every request.
    pub(crate) headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Http {
    pub(crate) fn at(address: &str) -> Self {
        Self { address: address.to_owned(), headers: Vec::new() }
    }

    /// The same with a header.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    /// The same as a browser on a page of this site, with what it was given as its session.
    pub(crate) fn browsing(&self) -> Self {
        let cookie = self.get("/").cookie();
        self.with("Cookie", &cookie).with("Sec-Fetch-Site", "same-origin")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Sends a form.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.with("Content-Type", "application/x-www-form-urlencoded").ask("POST", path, &pairs.join("&"))
    }

    /// The mark of the forms on a page.
    pub(crate) fn mark(&self, path: &str) -> String {
        let page = self.get(path);
        let mark = page.body.split("name=\"mark\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        mark.unwrap_or_else(|| panic!("no form is on {path}: {}", page.body)).to_owned()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut reader = self.open(method, path, body);
        let (status, headers) = head(&mut reader);
        let mut body = Vec::new();
        match headers.get("content-length") {
            Some(length) => {
                body.resize(length.parse().unwrap(), 0);
                reader.read_exact(&mut body).unwrap();
            }
            None => drop(reader.read_to_end(&mut body).unwrap()),
        }
        Answer { status, headers, body: String::from_utf8(body).unwrap() }
    }

    /// A page's events, as they come.
    pub(crate) fn follow(&self, page: &str) -> Events {
        let page = percent_encoding::utf8_percent_encode(page, percent_encoding::NON_ALPHANUMERIC);
        let mut reader = self.open("GET", &format!("/live?page={page}"), "");
        let (status, headers) = head(&mut reader);
        assert_eq!((status, headers["content-type"].as_str()), (200, "text/event-stream"));
        Events { reader, heard: String::new() }
    }

    fn open(&self, method: &str, path: &str, body: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), "Connection: close".to_owned()];
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            lines.push(format!("Host: {}", self.address));
        }
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.push(format!("Content-Length: {}", body.len()));
        let request = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream)
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> (u16, BTreeMap<String, String>) {
    let mut line = String::new();
    let mut next = |line: &mut String| {
        line.clear();
        reader.read_line(line).unwrap();
        line.trim_end().len()
    };
    next(&mut line);
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {line}")).parse().unwrap();
    let mut headers = BTreeMap::new();
    while next(&mut line) > 0 {
        let (name, value) = line.trim_end().split_once(": ").unwrap();
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    (status, headers)
}

/// Events of an open page.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
    heard: String,
}

impl Events {
    /// Reads on until this has come. The thread waits: nothing else of the test goes on meanwhile.
    pub(crate) fn hear(&mut self, text: &str) -> &str {
        // A beat comes every two seconds.
        let mut left = 60;
        while !self.heard.contains(text) {
            let read = self.reader.read_line(&mut self.heard);
            assert!(matches!(read, Ok(1..)), "it ended ({read:?}) after:\n{}", self.heard);
            left -= u32::from(self.heard.ends_with("event: beat\n"));
            assert!(left > 0, "`{text}` never came, but:\n{}", self.heard);
        }
        &self.heard
    }

    /// Forgets what came.
    pub(crate) fn forget(&mut self) {
        self.heard.clear();
    }

    /// Waits until nothing comes any more.
    pub(crate) fn end(mut self) {
        let mut rest = Vec::new();
        // Cut off, it may end in the middle of a chunk, or with a reset.
        let _ = self.reader.read_to_end(&mut rest);
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.body.contains(text), "`{text}` is not in:\n{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn hides(self, text: &str) -> Self {
        assert!(!self.body.contains(text), "`{text}` is in:\n{}", self.body);
        self
    }

    /// The cookie that it sets, as it is sent back.
    #[track_caller]
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.headers.get("set-cookie").expect("it sets a cookie");
        cookie.split(';').next().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn leads_to(self, path: &str) -> Self {
        let answer = self.is(303);
        assert_eq!(answer.headers["location"], path);
        answer
    }
}
