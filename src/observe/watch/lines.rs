//! The view as lines, from the top of the screen to its bottom. What matters most comes first, and nothing wraps.

use super::model::{Link, Mode, Model};
use super::snapshot::RunView;
use crate::model::human_duration;
use crate::observe::fit::{Line, Span, Tone, clean, cut, cut_line, flow, width, wrap};

/// Cells of a run's bar.
const BAR: usize = 16;

/// Lines of one run in the list, at the most.
const OF_RUN: usize = 3;

/// Lines of a message, at the most.
const OF_TEXT: usize = 4;

/// Lines of a fact about the chosen run, at the most.
const OF_FACT: usize = 2;

/// Cells of its label, with what is around it.
const LABEL: usize = 14;

const KEYS: &str =
    "j/k choose  p pause  r resume  c cancel  +/- faster/slower  s set  f finished  ? help  q quit";

const KEYS_NARROW: &str = "j/k  p pause  r resume  c cancel  +/- pace  s set  f  ? help  q quit";

const KEYS_SHORT: &str = "p pause  r resume  +/- pace  ? help  q quit";

const HELP: [&str; 14] = [
    "j, k, arrows   choose a run",
    "p              pause it after the batches in hand (asks why)",
    "r              let it go on",
    "c              cancel it for good (asks for y or its name, and why)",
    "+              faster: rows_per_second times 1.5, or one worker more where no rate is limited",
    "-              slower: rows_per_second, or the rate now, divided by 1.5",
    "s              set anything, key=value as `longhaul set` takes it (asks why)",
    "f              show runs that are over one by one, or folded",
    "Ctrl-L         draw all of the screen anew",
    "Ctrl-Z         stop; fg brings it back",
    "q, Ctrl-C      quit; the runs go on",
    "",
    "What is asked for here is recorded with who and why, and takes effect at the next batch.",
    "any key goes back",
];

/// All lines; as many as there are rows, or fewer.
pub(super) fn lines(model: &Model, cells: usize, rows: usize) -> Vec<Line> {
    let foot = foot(model, cells);
    let room = rows.saturating_sub(foot.len());
    let mut lines = vec![title(model, cells)];
    lines.extend(trouble(model, cells));
    if model.mode == Mode::Help {
        lines.extend(HELP.map(|text| vec![Span::plain(text)]));
    } else {
        body(model, cells, room, &mut lines);
    }
    lines.truncate(room);
    lines.resize(room, Vec::new());
    lines.extend(foot);
    lines.truncate(rows);
    lines.into_iter().map(|line| cut_line(line, cells)).collect()
}

fn title(model: &Model, cells: usize) -> Line {
    let at = &model.snapshot.at;
    let name = cut(&clean(&model.database), cells.saturating_sub(13 + width(at)));
    let gap = cells.saturating_sub(10 + width(&name) + width(at));
    vec![
        Span::plain("longhaul  "),
        Span::plain(name),
        Span::plain(" ".repeat(gap)),
        Span::new(Tone::Faint, at.clone()),
    ]
}

/// Why what is shown isn't how things stand.
fn trouble(model: &Model, cells: usize) -> Vec<Line> {
    match &model.link {
        Link::Up => Vec::new(),
        Link::Connecting => vec![vec![Span::new(Tone::Held, "connecting …")]],
        Link::Lost { why, time } => {
            let time = human_duration(std::time::Duration::from_secs(time.as_secs()));
            let old = if model.snapshot.runs.is_empty() { "" } else { "what is below is old; " };
            let text = format!("not to be read for {time}: {why}; {old}trying again");
            wrapped(&text, Tone::Bad, cells)
        }
    }
}

fn wrapped(text: &str, tone: Tone, cells: usize) -> Vec<Line> {
    wrap(text, cells, OF_TEXT).into_iter().map(|text| vec![Span::new(tone, text)]).collect()
}

fn body(model: &Model, cells: usize, room: usize, lines: &mut Vec<Line>) {
    if model.snapshot.runs.is_empty() {
        if model.link == Link::Up {
            lines.push(vec![Span::plain(
                "no job has been run on this database; a run appears here by itself",
            )]);
        }
        return;
    }
    let list = list(model, cells, room.saturating_sub(lines.len()));
    lines.extend(list);
    if let Some(run) = model.chosen()
        && lines.len() + 2 < room
    {
        lines.push(Vec::new());
        lines.extend(details(run, cells));
    }
    let events: Vec<&str> = events(model);
    // One line of the log is better than none.
    if !events.is_empty() && lines.len() + 2 <= room {
        lines.push(vec![Span::new(Tone::Faint, "log, newest first")]);
        lines.extend(events.iter().map(|text| vec![Span::plain(format!("  {text}"))]));
    }
}

/// The runs, with the chosen one in sight.
fn list(model: &Model, cells: usize, room: usize) -> Vec<Line> {
    let (shown, chosen) = (model.shown(), model.chosen().map(|run| run.run));
    // The chosen one's details want some room, too.
    let most = if room > 16 { room / 2 } else { room.saturating_sub(4).max(OF_RUN) };
    let mut blocks: Vec<(bool, Vec<Line>)> = shown
        .iter()
        .map(|run| (Some(run.run) == chosen, of_run(run, Some(run.run) == chosen, cells)))
        .collect();
    let at = blocks.iter().position(|(is_chosen, _)| *is_chosen).unwrap_or(0);
    let total = |blocks: &[(bool, Vec<Line>)]| blocks.iter().map(|(_, lines)| lines.len()).sum::<usize>();
    let (mut above, mut below, mut at) = (0, 0, at);
    while blocks.len() > 1 && total(&blocks) + usize::from(above > 0) + usize::from(below > 0) > most {
        if at > 0 {
            blocks.remove(0);
            (above, at) = (above + 1, at - 1);
        } else {
            blocks.pop();
            below += 1;
        }
    }
    let more = |count: usize, way| {
        (count > 0).then(|| vec![Span::new(Tone::Faint, format!("  {count} more {way}"))])
    };
    let mut lines: Vec<Line> = more(above, "above").into_iter().collect();
    lines.extend(blocks.into_iter().flat_map(|(_, lines)| lines));
    lines.extend(more(below, "below"));
    let over: Vec<&str> =
        model.snapshot.runs.iter().filter(|run| run.is_over()).map(|run| run.name.as_str()).collect();
    if !over.is_empty() && !shown.iter().any(|run| run.is_over()) {
        let text = format!("  {} over (f shows them): {}", over.len(), over.join(", "));
        lines.push(vec![Span::new(Tone::Faint, text)]);
    }
    lines
}

/// A run in the list.
fn of_run(run: &RunView, is_chosen: bool, cells: usize) -> Vec<Line> {
    let mark = if is_chosen { "> " } else { "  " };
    let name = cut(&clean(&run.name), cells / 3);
    let mut head = vec![Span::plain(format!("{mark}{name}  "))];
    if let Some(percent) = run.percent {
        head.push(Span::plain(format!("{} {percent:>2} %", run.pass)));
        if cells >= 60 {
            head.push(Span::plain(format!(" [{}]", bar(percent))));
        }
    }
    // What holds it says more than that it is running.
    let mut parts = vec![Span::new(run.tone(), run.hold.as_ref().unwrap_or(&run.words).clone())];
    if !run.is_over() {
        parts.extend(run.left.iter().chain(&run.rates).cloned().map(Span::plain));
        parts.push(Span::plain(run.rows.clone()));
    }
    let mut lines = flow(head, parts, cells, OF_RUN);
    for line in lines.iter_mut().skip(1) {
        line.insert(0, Span::plain("  "));
    }
    lines
}

/// What is told of the chosen run.
fn details(run: &RunView, cells: usize) -> Vec<Line> {
    let mut lines = vec![vec![Span::new(
        Tone::Faint,
        cut(&clean(&format!("run {} of {} on {}", run.run, run.name, run.table)), cells),
    )]];
    let fact = |label: &str, tone: Tone, text: &str| {
        let texts = wrap(text, cells.saturating_sub(LABEL), OF_FACT).into_iter().enumerate();
        let label = label.to_owned();
        texts.map(move |(at, text)| {
            let label = if at == 0 { label.as_str() } else { "" };
            vec![Span::plain(format!("  {label:<11} ")), Span::new(tone, text)]
        })
    };
    lines.extend(run.processes.iter().flat_map(|process| fact("workers", Tone::Plain, process)));
    lines.extend(run.blocked.iter().flat_map(|blocked| fact("blocked", Tone::Bad, blocked)));
    lines.extend(run.facts.iter().flat_map(|(label, text)| {
        let tone = if *label == "quarantine" { Tone::Bad } else { Tone::Plain };
        fact(label, tone, text)
    }));
    lines
}

/// The log, of the chosen run's events those that are there, or else all.
fn events(model: &Model) -> Vec<&str> {
    let chosen = model.chosen().map(|run| run.run.0);
    let own: Vec<&str> = model
        .snapshot
        .events
        .iter()
        .filter(|event| event.run.is_none() || event.run == chosen)
        .map(|event| event.text.as_str())
        .collect();
    own
}

/// The lines at the bottom: what was said, what is asked, or the keys.
fn foot(model: &Model, cells: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(said) = &model.said {
        lines.extend(wrapped(said, Tone::Held, cells));
    }
    if let Mode::Ask(question) = &model.mode {
        let words = cut(&clean(&question.words()), (cells * 2 / 3).max(10));
        let room = cells.saturating_sub(width(&words) + 3);
        lines.push(vec![
            Span::new(Tone::Held, words),
            Span::plain(format!(" {}_", tail(&question.text, room))),
        ]);
        lines.push(vec![Span::new(Tone::Faint, "Enter goes on, Esc leaves it")]);
    } else {
        let fits = |keys: &&&str| width(keys) <= cells;
        let keys = [KEYS, KEYS_NARROW].iter().find(fits).copied().unwrap_or(KEYS_SHORT);
        lines.push(vec![Span::new(Tone::Faint, keys)]);
    }
    lines
}

/// The end of what is typed, where that is longer than its room.
fn tail(text: &str, cells: usize) -> String {
    let text = clean(text);
    let mut from = text.as_str();
    while width(from) > cells {
        let Some(first) = from.chars().next() else { break };
        from = &from[first.len_utf8()..];
    }
    from.to_owned()
}

fn bar(percent: u64) -> String {
    let done = (usize::try_from(percent).unwrap_or(100) * BAR / 100).min(BAR);
    let head = usize::from(done < BAR);
    format!("{}{}{}", "=".repeat(done), ">".repeat(head), " ".repeat(BAR - done - head))
}
