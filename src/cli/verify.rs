//! `longhaul verify JOB`: the proof of a job once more, any day, without changing anything.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::signals;
use crate::engine::Proof;
use crate::model::{human_count, parse_share};
use crate::store::QuarantineCount;

#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Look at so much of the table's pages only, like 1%: a quick look, and no proof
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    sample: Option<f64>,
}

pub(crate) async fn verify(args: &VerifyArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.terminal(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let Some(proof) = Box::pin(engine.verify(job, args.sample)).await? else {
        context.printer.say(&format!("{} was not verified to the end: stopped by a signal", job.name));
        return Ok(exit::INTERRUPTED);
    };
    let ok = proof.remaining == 0 && proof.totals_agree() && proof.quarantined.held == 0;
    if context.printer.json {
        context.printer.data(&format!(
            "{:#}",
            json!({ "ok": ok, "job": job.name, "sample": args.sample, "proof": proof })
        ));
    } else {
        context.printer.data(lines(&job.name, &proof, args.sample).join("\n").as_str());
    }
    Ok(if ok { exit::DONE } else { exit::FOUND })
}

fn lines(job: &str, proof: &Proof, sample: Option<f64>) -> Vec<String> {
    let count = |rows: i64| human_count(rows.unsigned_abs());
    let word = |ok: bool| if ok { "ok   " } else { "FOUND" };
    let mut lines = vec![
        match sample {
            None => format!("{job}, in one snapshot at {}", proof.at),
            Some(share) => {
                format!("{job}, {} % of its pages, in one snapshot at {}", share * 100.0, proof.at)
            }
        },
        format!(
            "  {} {} of {} rows are left to do",
            word(proof.remaining == 0),
            count(proof.remaining),
            count(proof.rows)
        ),
    ];
    let QuarantineCount { held, dropped } = proof.quarantined;
    if held + dropped > 0 {
        let (held_rows, dropped) = (human_count(held), human_count(dropped));
        lines.push(format!(
            "  {} {held_rows} rows are held in quarantine, {dropped} were dropped from it; they stand outside the totals",
            word(held == 0)
        ));
    }
    lines.extend(proof.totals.iter().map(|total| {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
        let (left, right) = (value(&total.left_value), value(&total.right_value));
        format!("  {} {} is {left}, {} is {right}", word(total.equal), total.left, total.right)
    }));
    lines.extend(proof.groups.iter().map(|groups| {
        let examples = match groups.examples.as_slice() {
            [] => String::new(),
            examples => format!(", such as {}", examples.join(", ")),
        };
        let (of, unequal) = (groups.groups, groups.unequal);
        format!("  {} by {}: {unequal} of {of} groups differ{examples}", word(unequal == 0), groups.by)
    }));
    lines
}
