//! A directory of files becomes a [`Manifest`]: the whole history and every job, checked together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::document::{DocumentError, nearest};
use super::{parse_job, parse_revision};
use crate::model::{Job, Revision, RevisionBody};
use crate::plan::graph::{Graph, GraphError, Node, ResolveError};

/// Everything that stands in a directory of revisions and jobs.
#[derive(Debug)]
pub struct Manifest {
    /// All revisions, in the order of their files.
    pub revisions: Vec<Revision>,
    /// All jobs, in and outside the history.
    pub jobs: Vec<Job>,
    /// The history as a graph.
    pub graph: Graph,
    /// Where an id stands in `revisions`.
    places: BTreeMap<String, usize>,
}

/// Why a directory can't be used, or a job not be found in it.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The directory or a file in it can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file has something wrong in it.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The files don't make a graph.
    #[error("the revisions in {} don't make a history", dir.display())]
    Graph {
        /// The directory.
        dir: PathBuf,
        /// Why not.
        #[source]
        source: Box<GraphError>,
    },
    /// Two jobs outside the history would share their runs.
    #[error("the job `{id}` is there twice: {} and {}", files[0].display(), files[1].display())]
    DuplicateJob {
        /// The name they share.
        id: String,
        /// Their files.
        files: [PathBuf; 2],
    },
    /// No job of that name, revision or file.
    #[error("there is no job `{wanted}` in {}", dir.display())]
    UnknownJob {
        /// What was asked for.
        wanted: String,
        /// Where it was sought.
        dir: PathBuf,
        /// The nearest name, or the names there are.
        hint: String,
    },
    /// The name fits several jobs.
    #[error("`{wanted}` could be any of several jobs: {}", candidates.join(", "))]
    AmbiguousJob {
        /// What was asked for.
        wanted: String,
        /// The jobs it could be.
        candidates: Vec<String>,
    },
}

/// The parts of `<version>_<slug>.sql` or `<date>_<id>_<slug>.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNameParts {
    /// The leading digits; empty when there are none.
    pub version: String,
    /// What the file is about.
    pub slug: String,
}

/// Takes a file's name apart. `None` when it is not UTF-8.
#[must_use]
pub fn file_name_parts(file: &Path) -> Option<FileNameParts> {
    let stem = file.file_stem()?.to_str()?;
    let mut rest = stem;
    let mut version = String::new();
    if let Some((head, tail)) = rest.split_once('_')
        && head.len() >= 4
        && head.chars().all(|c| c.is_ascii_digit())
    {
        head.clone_into(&mut version);
        rest = tail;
        // An id is hexadecimal, has a digit in it, and a name follows: `5c1d7e88a0f4_backfill`, not `added_notes`.
        if let Some((id, slug)) = rest.split_once('_')
            && id.len() >= 4
            && id.chars().all(|c| c.is_ascii_hexdigit())
            && id.chars().any(|c| c.is_ascii_digit())
        {
            rest = slug;
        }
    }
    Some(FileNameParts { version, slug: rest.to_owned() })
}

impl Manifest {
    /// Reads every `.sql` and `.toml` file that stands directly in `dir`.
    pub fn load(dir: &Path) -> Result<Self, ManifestError> {
        let read = |path: &Path, source| ManifestError::Read { path: path.to_owned(), source };
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(|error| read(dir, error))? {
            files.push(entry.map_err(|error| read(dir, error))?.path());
        }
        files.sort();
        let (mut revisions, mut jobs): (Vec<Revision>, Vec<Job>) = (Vec::new(), Vec::new());
        for file in files {
            let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if !file.is_file() || !matches!(extension, "sql" | "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&file).map_err(|error| read(&file, error))?;
            if extension == "sql" {
                let (mut revision, own_header) = parse_revision(&file, &text)?;
                if !own_header {
                    revision.revises.extend(revisions.last().map(|before: &Revision| before.id.clone()));
                }
                revisions.push(revision);
            } else {
                let parsed = parse_job(&file, &text)?;
                revisions.extend(parsed.revision);
                jobs.push(parsed.job);
            }
        }
        let graph = Graph::build(revisions.iter().map(node).collect())
            .map_err(|source| ManifestError::Graph { dir: dir.to_owned(), source: Box::new(source) })?;
        for (at, job) in jobs.iter().enumerate() {
            if let Some(first) = jobs[..at].iter().find(|first| first.id() == job.id()) {
                let files = [first.file.clone(), job.file.clone()];
                return Err(ManifestError::DuplicateJob { id: job.id().to_owned(), files });
            }
        }
        let places = revisions.iter().enumerate().map(|(at, revision)| (revision.id.0.clone(), at)).collect();
        Ok(Self { revisions, jobs, graph, places })
    }

    /// The revision of that id. The id must come from this manifest's graph.
    #[must_use]
    pub fn revision(&self, id: &str) -> Option<&Revision> {
        self.places.get(id).map(|&at| &self.revisions[at])
    }

    /// The revision that a target on the command line means: an id or a unique prefix of one.
    pub fn resolve(&self, target: &str) -> Result<&str, ResolveError> {
        self.graph.resolve(target)
    }

    /// The job that a person means by a revision id or prefix, a name, or a file's path.
    pub fn job(&self, wanted: &str, dir: &Path) -> Result<&Job, ManifestError> {
        let by_file = |job: &&Job| {
            job.file == Path::new(wanted)
                || job.file.file_name().is_some_and(|name| name == wanted)
                || Path::new(wanted)
                    .canonicalize()
                    .is_ok_and(|path| job.file.canonicalize().is_ok_and(|f| f == path))
        };
        let exact: Vec<&Job> =
            self.jobs.iter().filter(|job| job.name == wanted || job.id() == wanted || by_file(job)).collect();
        let found = if exact.is_empty() {
            self.jobs.iter().filter(|job| wanted.len() >= 4 && job.id().starts_with(wanted)).collect()
        } else {
            exact
        };
        match found.as_slice() {
            [job] => Ok(job),
            [] => Err(self.unknown_job(wanted, dir)),
            several => Err(ManifestError::AmbiguousJob {
                wanted: wanted.to_owned(),
                candidates: several.iter().map(|job| job.file.display().to_string()).collect(),
            }),
        }
    }

    fn unknown_job(&self, wanted: &str, dir: &Path) -> ManifestError {
        let names: BTreeSet<&str> = self.jobs.iter().map(|job| job.name.as_str()).collect();
        let hint = match nearest(wanted, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => {
                "the directory holds no jobs (.toml files); --dir names another".to_owned()
            }
            None => format!("the jobs are {}", names.into_iter().collect::<Vec<_>>().join(", ")),
        };
        ManifestError::UnknownJob { wanted: wanted.to_owned(), dir: dir.to_owned(), hint }
    }
}

impl Revision {
    /// The job of a data revision.
    #[must_use]
    pub fn job(&self) -> Option<&Job> {
        match &self.body {
            RevisionBody::Data(job) => Some(job),
            RevisionBody::Schema(_) => None,
        }
    }
}

impl ManifestError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::InvalidData => {
                Some("save the file as UTF-8".to_owned())
            }
            Self::Read { .. } => Some("--dir names the directory of revisions and jobs".to_owned()),
            Self::Document(error) => error.hint.clone(),
            Self::UnknownJob { hint, .. } => Some(hint.clone()),
            Self::DuplicateJob { .. } => {
                Some("a job outside the history is known by its name: rename one".to_owned())
            }
            Self::AmbiguousJob { .. } => Some("give the file's path, or more of the revision id".to_owned()),
            Self::Graph { source, .. } => match **source {
                GraphError::DuplicateId { .. } => {
                    Some("take one of the files away, or give it an id of its own".to_owned())
                }
                GraphError::MissingParent { .. } => {
                    Some("mend the id, or bring the missing file back: is the checkout complete?".to_owned())
                }
                GraphError::SelfReference { .. } => Some("name the revision that comes before it".to_owned()),
                GraphError::Cycle { .. } => {
                    Some("one of them must name another revision as the one before it".to_owned())
                }
                GraphError::DuplicateLabel { .. } | GraphError::LabelIsId { .. } => {
                    Some("give one of the branches another label".to_owned())
                }
                GraphError::ReservedLabel { .. } => Some("give the branch another label".to_owned()),
                GraphError::EmptyId { .. }
                | GraphError::BadId { .. }
                | GraphError::EmptyLabel { .. }
                | GraphError::BadLabel { .. } => None,
            },
        }
    }
}

fn node(revision: &Revision) -> Node {
    let ids = |ids: &[crate::model::RevisionId]| ids.iter().map(|id| id.0.clone()).collect();
    Node {
        id: revision.id.0.clone(),
        revises: ids(&revision.revises),
        depends: ids(&revision.depends),
        labels: revision.labels.clone(),
        place: revision.file.display().to_string(),
    }
}
