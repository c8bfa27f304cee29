//! `[hours]`, in a job, in the configuration and in stored settings.

use jiff::tz::TimeZone;

use super::document::{DocumentError, Section};
use crate::model::{BadHours, Hours, HoursList};

/// Reads `[hours]` below `root`; `None` where there is none.
pub fn hours(root: &Section<'_>) -> Result<Option<Hours>, DocumentError> {
    let Some(section) = root.section("hours")? else { return Ok(None) };
    section.only(&["open", "zone", "blackout"])?;
    let (open, blackout) = (section.texts("open")?, section.texts("blackout")?);
    let Some(zone) = section.text("zone")? else {
        let here = TimeZone::system();
        let name = here.iana_name().unwrap_or("Europe/Berlin");
        let hint = format!("say by whose clock: zone = \"{name}\"");
        return Err(section.missing("zone", &hint));
    };
    if open.is_empty() && blackout.is_empty() {
        return Err(
            section.missing_or_empty("open", "say when work may be done: open = [\"Mon-Fri 22:00-05:00\"]")
        );
    }
    let texts = |list: &[super::document::Placed<String>]| -> Vec<String> {
        list.iter().map(|placed| placed.value.clone()).collect()
    };
    Hours::parse(&texts(&open), &zone.value, &texts(&blackout)).map(Some).map_err(|error| {
        let at = match &error {
            BadHours::Entry { list: HoursList::Open, index, .. } => open.get(*index),
            BadHours::Entry { list: HoursList::Blackout, index, .. } => blackout.get(*index),
            BadHours::Zone { .. } => None,
        };
        section.complain(at.unwrap_or(&zone), error.to_string(), Some(error.hint().to_owned()))
    })
}
