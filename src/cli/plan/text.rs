//! What `plan` prints: like a colleague's note before the night.

use std::time::Duration;

use crate::engine::{Kept, Rehearsal, Trial};
use crate::model::{human_count, human_duration, human_size};
use crate::plan::checkup::{Finding, Level};
use crate::plan::forecast::{Forecast, Measured};

pub(super) fn lines(job: &str, rehearsal: &Rehearsal) -> Vec<String> {
    let mut lines = vec![format!("{job} on {}: {}", rehearsal.table, rehearsal.walk)];
    let of =
        |level| rehearsal.findings.iter().filter(move |finding| finding.level == level).collect::<Vec<_>>();
    let bad = of(Level::Bad);
    if !bad.is_empty() {
        lines.push(String::new());
        lines.extend(stops(&bad));
    }
    let notes = of(Level::Note);
    if !notes.is_empty() {
        lines.extend([String::new(), "Worth knowing".to_owned()]);
        lines.extend(notes.iter().flat_map(|finding| told(finding)));
    }
    lines.extend([String::new(), "Fine".to_owned()]);
    lines.extend(of(Level::Fine).iter().flat_map(|finding| told(finding)));
    lines.push(String::new());
    if rehearsal.trials.is_empty() {
        lines.push("No batch was tried.".to_owned());
    } else {
        lines.push(
            "Tried and rolled back, each batch twice: as it came, and with its pages at hand".to_owned(),
        );
        lines.extend(rehearsal.trials.iter().map(trial));
        lines.extend(rehearsal.measured.as_ref().map(measured));
    }
    match &rehearsal.forecast {
        Some(forecast) => {
            lines.push(String::new());
            lines.extend(forecast_lines(rehearsal, forecast));
        }
        None if !rehearsal.trials.is_empty() => {
            lines.push(
                "Nothing is foretold: no row was changed in them, or the rows to do can't be counted."
                    .to_owned(),
            );
        }
        None => {}
    }
    lines
}

/// What stops the job.
pub(super) fn stops(findings: &[&Finding]) -> Vec<String> {
    let lines = findings.iter().flat_map(|finding| told(finding));
    std::iter::once("This stops it".to_owned()).chain(lines).collect()
}

/// A line, and what to do in another.
fn told(Finding { subject, says, mend, .. }: &Finding) -> Vec<String> {
    let mut lines = vec![format!("  {subject:<13} {says}")];
    lines.extend(mend.iter().filter(|mend| !mend.is_empty()).map(|mend| format!("  {:<13} -> {mend}", "")));
    lines
}

fn trial(trial: &Trial) -> String {
    let seconds = |seconds: f64| match seconds {
        ..0.01 => format!("{:.1} ms", seconds * 1e3),
        _ => human_duration(Duration::from_secs_f64(seconds)),
    };
    format!(
        "  {:<24} {:>6} of {:>7} rows, {:>7} and {:>7}, {} of WAL with {:.0} whole pages",
        trial.place,
        human_count(whole(trial.rows)),
        human_count(whole(trial.visited)),
        seconds(trial.first),
        seconds(trial.second),
        human_size(whole(trial.wal)),
        trial.images
    )
}

fn measured(measured: &Measured) -> String {
    let micro = |seconds: f64| format!("{:.1} µs", seconds * 1e6);
    let triggers: Vec<String> =
        measured.triggers.iter().map(|(name, seconds)| format!(", {} in {name}", micro(*seconds))).collect();
    format!(
        "  A row that moves takes {} and {:.0} bytes of WAL, looking at one {}, a whole page {} and {}{}; {:.0} % stayed on \
         their pages.",
        micro(measured.moving),
        measured.moving_wal,
        micro(measured.looking),
        micro(measured.image),
        human_size(whole(measured.image_wal)),
        triggers.concat(),
        measured.heap_only * 100.0
    )
}

fn forecast_lines(rehearsal: &Rehearsal, forecast: &Forecast) -> Vec<String> {
    let workers = match forecast.workers {
        1 => "1 worker".to_owned(),
        workers => format!("{workers} workers"),
    };
    let mut lines = vec!["Forecast".to_owned()];
    let mut line = |name: &str, says: String| lines.push(format!("  {name:<13} {says}"));
    line("rows", format!("{} in {} batches", forecast.rows.as_count(), forecast.batches.as_count()));
    line(
        "time",
        format!(
            "{} with {workers}: backfill {}, sweep {}, proof {}",
            forecast.time.as_time(),
            forecast.backfill.as_time(),
            forecast.sweep.as_time(),
            forecast.proof.as_time()
        ),
    );
    line("ends", rehearsal.ends.clone().unwrap_or_else(|| "not within the hours it has".to_owned()));
    line("pace", format!("{} rows/s, one worker", forecast.one_worker.as_count()));
    let a_row = rehearsal.wal_a_row().unwrap_or_default();
    line(
        "WAL",
        format!(
            "{}, {} bytes a row, {:.0} % of it whole pages",
            forecast.wal.as_size(),
            a_row.as_count(),
            forecast.image_share * 100.0
        ),
    );
    line(
        "growth",
        format!(
            "table {}, indexes {}; {:.0} % of the updates heap-only",
            forecast.table_growth.as_size(),
            forecast.index_growth.as_size(),
            forecast.heap_only * 100.0
        ),
    );
    if let Some(kept) = forecast.preimages {
        line("old values", format!("{} are kept, for undo", kept.as_size()));
    }
    for effect in &rehearsal.effects {
        let otherwise = if effect.setting.ends_with("workers") { "with one" } else { "without" };
        let (with, without) = (effect.with.as_time(), effect.without.as_time());
        line("setting", format!("{}: {with}; {otherwise}: {without}", effect.setting));
    }
    for advice in &rehearsal.advice {
        line("for speed", format!("{}: {}", advice.change, advice.why));
    }
    match &rehearsal.kept {
        Kept::Yes => line("kept", "for the comparison after the run".to_owned()),
        Kept::No(why) => line("not kept", why.clone()),
        Kept::Nothing => {}
    }
    lines
}

fn whole(number: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
    let whole = number.round() as u64;
    whole
}
