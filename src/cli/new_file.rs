//! A new revision's file: judged whole before it is written, and never written over another.

mod editor;
mod hooks;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

pub(crate) use editor::Editor;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::manifest::{Draft, DraftError, DraftKind, Making, Manifest, ManifestError, list_dirs, render};
use crate::plan::graph::{Graph, Node};

/// What is done with the new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing.
    Leave,
    /// It is opened in an editor.
    Edit,
}

/// A file that is to be written.
pub(crate) struct NewFile {
    pub(crate) draft: Draft,
    /// Its directory; `None`: beside its first parent.
    pub(crate) dir: Option<PathBuf>,
    pub(crate) then: Then,
    /// Its text below the header; `None`: by its template.
    pub(crate) body: Option<String>,
}

/// Checks the graph with the draft in it, then writes the file, runs the hooks on it, opens it, and says where it is.
pub(crate) fn write(context: &Context<'_>, manifest: &Manifest, new: &NewFile) -> Result<u8, Failure> {
    let draft = &new.draft;
    let file = create(context, manifest, new)?;
    if context.printer.json {
        context
            .printer
            .data(&format!("{:#}", json!({ "id": draft.id, "file": file, "revises": draft.revises })));
    } else {
        context.printer.data(&file.display().to_string());
    }
    finish(context, &file, new.then)?;
    Ok(exit::DONE)
}

/// What is done with a file that is there.
pub(crate) fn finish(context: &Context<'_>, file: &Path, then: Then) -> Result<(), Failure> {
    let editor = if then == Then::Edit { Some(Editor::find(context)?) } else { None };
    hooks::run(context, file)?;
    if let Some(editor) = editor {
        editor.open(file)?;
    }
    context.manifest()?;
    Ok(())
}

/// Checks the graph with the draft in it, then writes the file.
pub(crate) fn create(context: &Context<'_>, manifest: &Manifest, new: &NewFile) -> Result<PathBuf, Failure> {
    let draft = &new.draft;
    if new.then == Then::Edit {
        // Before there is a file that nothing opens.
        Editor::find(context)?;
    }
    let new_files = &context.settings.new_files;
    let making = Making {
        at: context.clock.wall().to_zoned(new_files.zone.clone()),
        author: context.identity.actor.clone(),
        slug_length: new_files.slug_length,
    };
    let file = directory(context, manifest, new)?.join(file_name(context, draft, &making)?);
    check_graph(manifest, draft, &file)?;
    let text = match &new.body {
        Some(body) => format!("{}\n{body}\n", draft.header()),
        None => text(context, draft, &making)?,
    };
    draft.check(&file, &text)?;
    let cant = |error: std::io::Error| {
        Failure::new(exit::FAILED, format!("can't write {}", file.display())).because(&error)
    };
    let mut opened = std::fs::File::create_new(&file).map_err(cant)?;
    opened.write_all(text.as_bytes()).map_err(cant)?;
    Ok(file)
}

fn check_graph(manifest: &Manifest, draft: &Draft, file: &Path) -> Result<(), Failure> {
    let mut nodes: Vec<Node> =
        manifest.graph.order().into_iter().filter_map(|id| manifest.graph.node(id)).cloned().collect();
    nodes.push(Node {
        id: draft.id.clone(),
        revises: draft.revises.clone(),
        depends: draft.depends.clone(),
        labels: draft.label.iter().cloned().collect(),
        place: file.display().to_string(),
    });
    Graph::build(nodes)
        .map_err(|error| Failure::new(exit::USAGE, "the revision can't be added").because(&error))?;
    Ok(())
}

/// Where the file goes: one of the directories that are read.
fn directory(context: &Context<'_>, manifest: &Manifest, new: &NewFile) -> Result<PathBuf, Failure> {
    let dirs = &context.settings.dirs;
    if let Some(wanted) = &new.dir {
        let same = |dir: &&PathBuf| {
            *dir == wanted
                || dir.canonicalize().ok().is_some_and(|dir| wanted.canonicalize().ok() == Some(dir))
        };
        return dirs.iter().find(same).cloned().ok_or_else(|| {
            let message = format!("{} is none of the directories of revisions", wanted.display());
            let hint = format!("they are {}; --dir or `dir` in the configuration adds one", list_dirs(dirs));
            Failure::new(exit::USAGE, message).hint(Some(hint))
        });
    }
    let parent = new.draft.revises.first().and_then(|id| manifest.revision(id));
    match (parent.and_then(|parent| parent.file.parent()), dirs.as_slice()) {
        (Some(dir), _) => Ok(dir.to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, several) => {
            let message = format!("a base could go into any of {}", list_dirs(several));
            Err(Failure::new(exit::USAGE, message).hint(Some("choose one with --in".to_owned())))
        }
    }
}

fn file_name(context: &Context<'_>, draft: &Draft, making: &Making) -> Result<String, Failure> {
    let rendered =
        render(&context.settings.new_files.file_name, &draft.variables(making)).map_err(|error| {
            let failure = Failure::new(exit::USAGE, "the template `file_name` in [new_files] can't be used");
            failure.because(&error)
        })?;
    Ok(draft.file_name(&rendered)?)
}

fn text(context: &Context<'_>, draft: &Draft, making: &Making) -> Result<String, Failure> {
    let new_files = &context.settings.new_files;
    let template = match draft.kind {
        DraftKind::Schema => &new_files.schema_template,
        DraftKind::Job => &new_files.job_template,
    };
    let Some(template) = template else { return Ok(draft.text()) };
    let source = std::fs::read_to_string(template).map_err(|error| {
        let failure = Failure::new(exit::USAGE, format!("can't read the template {}", template.display()));
        failure.because(&error).hint(Some("[new_files] in the configuration names it".to_owned()))
    })?;
    render(&source, &draft.variables(making))
        .map_err(|error| ManifestError::Document(error.in_file(template)).into())
}

impl From<DraftError> for Failure {
    fn from(error: DraftError) -> Self {
        Self::from_error(exit::USAGE, &error).hint(Some(error.hint()))
    }
}
