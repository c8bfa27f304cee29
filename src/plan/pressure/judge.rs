//! The judgement of one signal over time.

use std::time::Duration;

use super::{Observed, Reading, Rule, Unit};

/// A rule and what its signal was last read as.
#[derive(Clone, Debug)]
pub struct Judge {
    rule: Rule,
    last: Option<Known>,
    /// Why the latest attempt to read it failed.
    trouble: Option<String>,
    holding: bool,
    warned: bool,
}

/// The last answer, which a failed attempt that may yet succeed leaves as it is.
#[derive(Clone, Debug)]
struct Known {
    at: Duration,
    reading: Reading,
}

impl Judge {
    /// A judge of a signal that was not read yet, and so holds.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        Self { rule, last: None, trouble: None, holding: false, warned: false }
    }

    /// The same signal under another rule: what was read of it stays.
    #[must_use]
    pub fn under(self, rule: Rule) -> Self {
        // A hold under the old limit says nothing of the new one's band.
        let holding = self.holding && self.rule.bound == rule.bound;
        Self { rule, holding, ..self }
    }

    /// The rule.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Takes a reading that was begun at `at`.
    pub fn note(&mut self, at: Duration, reading: Reading) {
        self.trouble = match reading {
            Reading::Unreadable { why, definitive: false } => Some(why),
            reading => {
                self.last = Some(Known { at, reading });
                None
            }
        };
    }

    /// Why the signal holds at `now`; `None`: it doesn't.
    pub fn judge(&mut self, now: Duration) -> Option<String> {
        let Rule { signal, bound, explicit, stale_after, .. } = &self.rule;
        let Some(Known { at, reading }) = &self.last else {
            return Some(self.with_trouble(format!("{signal} not read yet")));
        };
        if let Reading::Unreadable { why, .. } = reading {
            let (_, limit) = self.rule.unit.shown(f64::NAN, bound.limit());
            return explicit.then(|| format!("{signal} can't be read, limit {limit}: {why}"));
        }
        let age = now.saturating_sub(*at);
        if age > *stale_after {
            let (age, limit) = Unit::Seconds.shown(age.as_secs_f64(), stale_after.as_secs_f64());
            return Some(self.with_trouble(format!("{signal} not read for {age} > {limit}")));
        }
        let Reading::Value { value, detail } = reading else {
            self.holding = false;
            return None;
        };
        let held = self.holding;
        let bound = if held { bound.let_go(self.rule.release) } else { *bound };
        self.holding = bound.is_passed_by(*value);
        self.holding.then(|| self.reason(*value, detail, held))
    }

    /// What is to be said once: that the signal is not watched.
    pub fn warning(&mut self) -> Option<String> {
        match &self.last {
            Some(Known { reading: Reading::Unreadable { why, .. }, .. })
                if !self.rule.explicit && !self.warned =>
            {
                self.warned = true;
                Some(format!("{} is not watched: {why}", self.rule.signal))
            }
            _ => None,
        }
    }

    /// The part of the limit that is reached; `None`: no gradient signal, or nothing is known of it.
    #[must_use]
    pub fn load(&self, now: Duration) -> Option<f64> {
        match &self.last {
            Some(Known { at, reading: Reading::Value { value, .. } })
                if self.rule.gradient && now.saturating_sub(*at) <= self.rule.stale_after =>
            {
                Some(value / self.rule.bound.limit()).filter(|load| load.is_finite())
            }
            _ => None,
        }
    }

    /// The value that was last read, unless it is old.
    #[must_use]
    pub fn observed(&self, now: Duration) -> Option<Observed> {
        let Some(Known { at, reading: Reading::Value { value, .. } }) = &self.last else { return None };
        let Rule { signal, bound, unit, stale_after, .. } = &self.rule;
        (now.saturating_sub(*at) <= *stale_after).then(|| Observed {
            signal: signal.clone(),
            value: *value,
            bound: *bound,
            unit: *unit,
        })
    }

    fn reason(&self, value: f64, detail: &str, held: bool) -> String {
        let Rule { signal, unit, bound, release, .. } = &self.rule;
        let within_band = held && !bound.is_passed_by(value);
        let limit = if within_band { bound.let_go(*release).limit() } else { bound.limit() };
        let (value, limit) = unit.shown(value, limit);
        let band = within_band.then(|| {
            let (_, first) = unit.shown(f64::NAN, bound.limit());
            format!("held since it passed {first}")
        });
        let notes: Vec<&str> = [Some(detail).filter(|detail| !detail.is_empty()), band.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        format!("{signal} {value} {} {limit}{notes}", bound.operator())
    }

    fn with_trouble(&self, reason: String) -> String {
        match &self.trouble {
            Some(why) => format!("{reason}: {why}"),
            None => reason,
        }
    }
}
