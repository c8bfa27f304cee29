//! Which page is meant: read from its address, and written back into one.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What an id may have in it when it is part of an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A page, with which part of it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Overview,
    History,
    Revision(String),
    Run(i64),
    /// The question whether a run is to be cancelled.
    Cancel(i64),
    /// Batches before that one.
    Batches {
        run: i64,
        before: Option<i64>,
    },
    /// Rows in quarantine behind that one.
    Quarantine {
        run: i64,
        after: Option<i64>,
    },
    Events(EventFilter),
}

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct EventFilter {
    pub(super) run: Option<i64>,
    /// The first word of their kind: `run`, `hold`.
    pub(super) kind: Option<String>,
    /// Those before that one.
    pub(super) before: Option<i64>,
}

impl Key {
    /// The page at an address; `None`: there is none.
    pub(super) fn parse(path: &str, query: &str) -> Option<Self> {
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let number = |name: &str| value(name).and_then(|value| value.parse().ok());
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        Some(match parts.as_slice() {
            [""] => Self::Overview,
            ["history"] => Self::History,
            ["revisions", id] => Self::Revision(percent_decode_str(id).decode_utf8().ok()?.into_owned()),
            ["runs", run] => Self::Run(run.parse().ok()?),
            ["runs", run, "cancel"] => Self::Cancel(run.parse().ok()?),
            ["runs", run, "batches"] => Self::Batches { run: run.parse().ok()?, before: number("before") },
            ["runs", run, "quarantine"] => {
                Self::Quarantine { run: run.parse().ok()?, after: number("after") }
            }
            ["events"] => Self::Events(EventFilter {
                run: number("run"),
                kind: value("kind").filter(|kind| is_word(kind)).map(str::to_owned),
                before: number("before"),
            }),
            _ => return None,
        })
    }

    /// Its address.
    pub(super) fn path(&self) -> String {
        let with = |path: String, pairs: &[(&str, Option<String>)]| {
            let pairs: Vec<String> = pairs
                .iter()
                .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
                .collect();
            if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
        };
        match self {
            Self::Overview => "/".to_owned(),
            Self::History => "/history".to_owned(),
            Self::Revision(id) => format!("/revisions/{}", utf8_percent_encode(id, PLAIN)),
            Self::Run(run) => format!("/runs/{run}"),
            Self::Cancel(run) => format!("/runs/{run}/cancel"),
            Self::Batches { run, before } => {
                with(format!("/runs/{run}/batches"), &[("before", before.map(|id| id.to_string()))])
            }
            Self::Quarantine { run, after } => {
                with(format!("/runs/{run}/quarantine"), &[("after", after.map(|id| id.to_string()))])
            }
            Self::Events(EventFilter { run, kind, before }) => with(
                "/events".to_owned(),
                &[
                    ("run", run.map(|id| id.to_string())),
                    ("kind", kind.clone()),
                    ("before", before.map(|id| id.to_string())),
                ],
            ),
        }
    }

    /// Where its changes are sent from.
    pub(super) fn live(&self) -> String {
        format!("/live?page={}", utf8_percent_encode(&self.path(), PLAIN))
    }

    /// The page whose changes are asked for.
    pub(super) fn of_live(query: &str) -> Option<Self> {
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page="))?;
        let page = percent_decode_str(page).decode_utf8().ok()?;
        let (path, query) = page.split_once('?').unwrap_or((&page, ""));
        Self::parse(path, query)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_again_by_its_address() {
        let pages = [
            Key::Overview,
            Key::History,
            Key::Revision("3f9a0c1b7d52".to_owned()),
            Key::Revision("a/b?c=\"><script>&é".to_owned()),
            Key::Run(5),
            Key::Cancel(5),
            Key::Batches { run: 5, before: Some(77) },
            Key::Quarantine { run: 5, after: None },
            Key::Events(EventFilter { run: Some(5), kind: Some("hold".to_owned()), before: Some(9) }),
        ];
        for page in pages {
            let address = page.path();
            let (path, query) = address.split_once('?').unwrap_or((&address, ""));
            assert_eq!(Key::parse(path, query).as_ref(), Some(&page), "{address}");
            let live = page.live();
            assert_eq!(Key::of_live(live.split_once('?').unwrap().1), Some(page), "{live}");
        }
    }

    #[test]
    fn what_is_no_page_is_none() {
        for path in
            ["/runs", "/runs/x", "/runs/5/", "/runs/99999999999999999999", "/nothing", "/revisions/%ff"]
        {
            let is_run = path == "/runs/5/";
            assert_eq!(Key::parse(path, "").is_some(), is_run, "{path}");
        }
        let Some(Key::Events(filter)) = Key::parse("/events", "kind=%3Cscript%3E&run=abc") else { panic!() };
        assert_eq!(filter, EventFilter::default());
        assert_eq!(Key::of_live("page=%2Flive"), None);
    }
}
