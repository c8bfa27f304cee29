//! `longhaul upgrade --sql` and `longhaul downgrade --sql`: the script that would do it. Nothing is printed unless all of it
//! can be.

use super::check::Silent;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::engine::{DataRevisions, Engine, History, HistoryError, ScriptRequest, Stopper};
use crate::model::{Direction, RevisionBody, RevisionId, Section, counted};
use crate::pg::Connector;

/// Where a script begins and ends.
struct Course {
    path: Vec<RevisionId>,
    installed: bool,
    title: String,
}

pub(crate) async fn upgrade(target: &str, tag: Option<&str>, context: &Context<'_>) -> Result<u8, Failure> {
    print(Direction::Up, target, tag, context).await
}

pub(crate) async fn downgrade(target: &str, tag: Option<&str>, context: &Context<'_>) -> Result<u8, Failure> {
    print(Direction::Down, target, tag, context).await
}

async fn print(
    direction: Direction,
    target: &str,
    tag: Option<&str>,
    context: &Context<'_>,
) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let (_, stop) = Stopper::new();
    let offline = target.contains(':');
    // Offline there may be no database at all, and none is connected to.
    let connector = if offline { context.any_connector() } else { context.connector()? };
    let engine = context.engine(&connector, &Silent, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    let course = if offline {
        from_files(&history, direction, target)?
    } else {
        from_database(&history, &engine, &connector, (direction, target)).await?
    };
    if course.path.is_empty() {
        context.printer.say("nothing to do: the script would be empty");
        return Ok(exit::DONE);
    }
    refuse_conditions_outside_transactions(&history, direction, &course.path)?;
    let request = ScriptRequest {
        direction,
        path: &course.path,
        installed: course.installed,
        title: &course.title,
        tag,
    };
    context.printer.data(history.script(request).trim_end());
    Ok(exit::DONE)
}

/// A script can ask a condition only in a block, and what can't run in a transaction can't run in a block.
fn refuse_conditions_outside_transactions(
    history: &History<'_>,
    direction: Direction,
    path: &[RevisionId],
) -> Result<(), Failure> {
    let outside = |section: &Section| matches!(section, Section::Statements(_));
    for revision in path.iter().filter_map(|id| history.manifest.revision(&id.0)) {
        let RevisionBody::Schema(schema) = &revision.body else { continue };
        let runs_outside = match direction {
            Direction::Up => outside(&schema.up),
            Direction::Down => schema.down.as_ref().is_some_and(outside),
        };
        if runs_outside && revision.condition.is_some() {
            let message = format!(
                "revision {} has a condition and runs outside a transaction: no script can do that",
                revision.id
            );
            let hint = format!(
                "let `longhaul` do it, or print the script up to the revision before {}",
                revision.id
            );
            return Err(Failure::new(exit::USAGE, message).hint(Some(hint)));
        }
    }
    Ok(())
}

/// `FROM:TO`, without a database: as if it stood at FROM.
fn from_files(history: &History<'_>, direction: Direction, range: &str) -> Result<Course, HistoryError> {
    let graph = &history.manifest.graph;
    let path = match direction {
        Direction::Up => graph.offline_path(range)?.0,
        Direction::Down => graph.offline_undo_path(range)?.0,
    };
    let from_nothing = direction == Direction::Up && (range.starts_with(':') || range.starts_with("base:"));
    let path: Vec<RevisionId> = path.into_iter().map(|id| RevisionId(id.to_owned())).collect();
    if direction == Direction::Down {
        history.refuse_irreversible(path.iter().map(|id| id.0.as_str()))?;
    }
    let title = format!("{}, {range}", counted(path.len(), "revision"));
    Ok(Course { path, installed: !from_nothing, title })
}

async fn from_database(
    history: &History<'_>,
    engine: &Engine<'_>,
    connector: &Connector,
    (direction, target): (Direction, &str),
) -> Result<Course, HistoryError> {
    let connection = connector.connect("script").await?;
    let installed = engine.store.is_readable(&connection).await?;
    let path = match direction {
        Direction::Up => history.way_up(&connection, target, DataRevisions::Run).await?.path,
        Direction::Down => history.way_down(&connection, target).await?.0,
    };
    let title = {
        let revisions = counted(path.len(), "revision");
        format!("{revisions}, from where {} stands to {target}", connector.target())
    };
    Ok(Course { path, installed, title })
}
