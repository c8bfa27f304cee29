//! What became of the application's queries: before, during and after, side by side.

use std::time::Duration;

use serde_json::{Value, json};

use crate::model::human_duration;
use crate::plan::timings::{Phase, median};
use crate::store::Timing;

/// A query's timings in one phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhaseFigures {
    /// How often it was timed.
    pub times: usize,
    /// Of these, how often it could not be run.
    pub failed: usize,
    /// The median, in seconds; `None`: it never ran.
    pub median: Option<f64>,
    /// The longest, in seconds.
    pub longest: Option<f64>,
    /// How the server did it.
    pub plan: Option<String>,
}

/// A query with its timings.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryTimings {
    /// The name that the configuration gives it.
    pub query: String,
    /// Before, during, after.
    pub phases: [PhaseFigures; 3],
}

impl QueryTimings {
    /// All queries, in the order in which they were first timed.
    #[must_use]
    pub fn of(timings: &[Timing]) -> Vec<Self> {
        let mut names: Vec<&str> = Vec::new();
        for timing in timings {
            if !names.contains(&timing.query.as_str()) {
                names.push(&timing.query);
            }
        }
        names
            .into_iter()
            .map(|query| {
                let phases = Phase::ALL.map(|phase| {
                    let mut of_phase = timings.iter().filter(|one| one.query == query && one.phase == phase);
                    PhaseFigures::of(&of_phase.by_ref().collect::<Vec<_>>())
                });
                Self { query: query.to_owned(), phases }
            })
            .collect()
    }

    /// The figures of a phase.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> &PhaseFigures {
        match phase {
            Phase::Before => &self.phases[0],
            Phase::During => &self.phases[1],
            Phase::After => &self.phases[2],
        }
    }

    /// How many times as long as before it takes now; `None` where one of both is not known.
    #[must_use]
    pub fn times_as_long(&self, phase: Phase) -> Option<f64> {
        Some(self.phase(phase).median? / self.phase(Phase::Before).median?.max(0.000_001))
    }

    /// The plans before and after, where both are known and not the same.
    #[must_use]
    pub fn changed_plan(&self) -> Option<(&str, &str)> {
        let plan = |phase| self.phase(phase).plan.as_deref();
        plan(Phase::Before).zip(plan(Phase::After)).filter(|(before, after)| before != after)
    }

    /// `pay slip: 12 ms before, 14 ms during (1.2 times), 12 ms after (1.0 times); another plan`.
    #[must_use]
    pub fn describe(&self) -> String {
        let phases = Phase::ALL.into_iter().filter_map(|phase| {
            let times = match phase {
                Phase::Before => String::new(),
                phase => {
                    self.times_as_long(phase).map(|times| format!(" ({times:.1} times)")).unwrap_or_default()
                }
            };
            Some(format!("{} {}{times}", self.phase(phase).describe()?, phase.as_str()))
        });
        let phases: Vec<String> = phases.collect();
        let plan = if self.changed_plan().is_some() { "; the server does it another way now" } else { "" };
        format!("{}: {}{plan}", self.query, phases.join(", "))
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let phase = |phase| {
            let figures = self.phase(phase);
            json!({
                "times": figures.times,
                "failed": figures.failed,
                "median_seconds": figures.median,
                "longest_seconds": figures.longest,
                "plan": figures.plan,
            })
        };
        json!({
            "query": self.query,
            "before": phase(Phase::Before),
            "during": phase(Phase::During),
            "after": phase(Phase::After),
        })
    }
}

impl PhaseFigures {
    fn of(timings: &[&Timing]) -> Self {
        let seconds: Vec<f64> =
            timings.iter().filter_map(|timing| Some(timing.answer.took()?.as_secs_f64())).collect();
        Self {
            times: timings.len(),
            failed: timings.len() - seconds.len(),
            median: median(&seconds),
            longest: seconds.iter().copied().reduce(f64::max),
            // The latest: what the phase came to.
            plan: timings.iter().rev().find_map(|timing| timing.plan.clone()),
        }
    }

    /// Its median in words; `None`: it was not timed.
    #[must_use]
    pub fn describe(&self) -> Option<String> {
        match self.median {
            Some(seconds) => Some(human_latency(seconds)),
            None => (self.times > 0).then(|| "can't be run".to_owned()),
        }
    }
}

/// A latency: below 10 ms a tenth of one counts.
#[must_use]
pub fn human_latency(seconds: f64) -> String {
    let milliseconds = seconds * 1000.0;
    if milliseconds < 9.95 {
        return format!("{milliseconds:.1} ms");
    }
    human_duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Answer;

    fn timing(phase: Phase, milliseconds: u64, plan: Option<&str>) -> Timing {
        Timing {
            phase,
            query: "pay slip".to_owned(),
            answer: Answer::Took(Duration::from_millis(milliseconds)),
            plan: plan.map(str::to_owned),
        }
    }

    #[test]
    fn a_query_is_told_side_by_side() {
        let timings = [
            timing(Phase::Before, 10, Some("Index Scan")),
            timing(Phase::Before, 12, None),
            timing(Phase::Before, 900, None),
            timing(Phase::During, 24, None),
            timing(Phase::After, 36, Some("Seq Scan")),
            Timing { answer: Answer::Failed("42P01".to_owned()), ..timing(Phase::After, 0, None) },
        ];
        let all = QueryTimings::of(&timings);
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].describe(),
            "pay slip: 12 ms before, 24 ms during (2.0 times), 36 ms after (3.0 times); the server does it another way now"
        );
        assert_eq!(all[0].phase(Phase::After).failed, 1);
        assert!(QueryTimings::of(&[]).is_empty());
    }
}
