//! What keeps the watcher from looking: said once for each kind, and a longer pause each time.

use std::time::Duration;

use crate::pg::{ConnectError, ErrorClass};
use crate::store::StoreError;

/// How often to look.
const LOOK: Duration = Duration::from_secs(5);

/// How often at least, where looking fails.
const SELDOM: Duration = Duration::from_secs(60);

/// So many failures in a row are said even if they may pass by themselves: half a minute and more.
const LASTING: u32 = 4;

/// Why it can't be looked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Blind {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The control schema can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Failures since it was last looked.
#[derive(Debug, Default)]
pub(super) struct Failing {
    count: u32,
    /// The one that was said last.
    said: Option<String>,
}

impl Failing {
    /// How long until the next look.
    pub(super) fn pause(&self) -> Duration {
        LOOK.saturating_mul(1 << self.count.saturating_sub(1).min(10)).min(SELDOM)
    }

    /// Takes how a look ended; what is to be said of it.
    pub(super) fn take(&mut self, error: Option<&Blind>) -> Option<String> {
        let Some(error) = error else {
            *self = Self::default();
            return None;
        };
        self.count = self.count.saturating_add(1);
        let text = error.to_string();
        if (error.may_pass() && self.count < LASTING) || self.said.as_ref() == Some(&text) {
            return None;
        }
        let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        let reason = format!("alerts aren't sent from here: {text}{source}{hint}");
        self.said = Some(text);
        Some(reason)
    }
}

impl Blind {
    /// A server comes back, a standby is promoted, and another process brings the schema up.
    fn may_pass(&self) -> bool {
        match self {
            Self::Connect(error) => !matches!(error, ConnectError::Pooled { .. }),
            Self::Store(StoreError::TooOld { .. }) => true,
            Self::Store(error @ StoreError::Sql { .. }) => error.class() != ErrorClass::Rights,
            Self::Store(_) => false,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint(),
            Self::Store(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(found: i32, known: i32) -> Blind {
        let schema = "longhaul".to_owned();
        Blind::Store(if found > known {
            StoreError::TooNew { schema, found, known }
        } else {
            StoreError::TooOld { schema, found, known }
        })
    }

    #[test]
    fn each_kind_of_error_is_said_once_and_makes_the_pause_longer() {
        let mut failing = Failing::default();
        let newer = schema(8, 7);
        let said = failing.take(Some(&newer)).unwrap();
        assert!(
            said.starts_with("alerts aren't sent from here: the control schema `longhaul` has version 8")
        );
        assert_eq!(failing.pause(), LOOK);
        assert_eq!(failing.take(Some(&newer)), None);
        assert_eq!(failing.pause(), 2 * LOOK);
        let foreign = Blind::Store(StoreError::Foreign { schema: "longhaul".to_owned() });
        assert!(failing.take(Some(&foreign)).is_some());
        for _ in 0..20 {
            assert_eq!(failing.take(Some(&foreign)), None);
        }
        assert_eq!(failing.pause(), SELDOM);
        assert_eq!(failing.take(None), None);
        assert_eq!(failing.pause(), LOOK);
    }

    #[test]
    fn what_may_pass_is_said_once_it_has_lasted() {
        let mut failing = Failing::default();
        let older = schema(6, 7);
        let said: Vec<bool> = (0..6).map(|_| failing.take(Some(&older)).is_some()).collect();
        assert_eq!(said, [false, false, false, true, false, false]);
    }
}
