//! Files looked at by `plan::lint`, with what the database says of their tables. Called by `longhaul lint`, and by the history
//! before an upgrade. Reads only.

use std::path::PathBuf;

use tokio_postgres::{Client, Error};

use crate::manifest::read_for_lint;
use crate::model::Direction;
use crate::pg::lint_facts;
use crate::plan::lint::allow;
use crate::plan::lint::facts::Facts;
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::observed::Promise;
use crate::plan::lint::scene::Scene;
use crate::plan::lint::{LintFile, Report, asked, judge};

/// What is looked at.
#[derive(Clone, Debug)]
pub(crate) struct LintSubject {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
}

/// What is known beside the files.
#[derive(Clone, Copy)]
pub(crate) enum LintGround<'g> {
    /// A database: sizes, types and constraints. What files before have made is still new.
    Database(&'g Client),
    /// Nothing but the version: the worst is assumed.
    Version(u32),
}

/// One file with what was found.
#[derive(Clone, Debug)]
pub(crate) struct Linted {
    pub(crate) file: PathBuf,
    pub(crate) sections: Vec<(Direction, Report)>,
    /// About the comments of its header.
    pub(crate) complaints: Vec<Finding>,
    /// What its section `up` is to take.
    pub(crate) promise: Promise,
}

impl Linted {
    /// All findings that no comment allows.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.complaints.iter().chain(self.sections.iter().flat_map(|(_, report)| &report.findings))
    }

    /// Those that are as grave as this, or more.
    pub(crate) fn lines(&self, at_least: Level) -> Vec<String> {
        let file = self.file.display().to_string();
        self.findings()
            .filter(|finding| finding.level >= at_least)
            .flat_map(|finding| finding.lines(&file))
            .collect()
    }
}

/// Looks at the sections of these directions, file after file.
pub(crate) async fn lint(
    ground: LintGround<'_>,
    subjects: Vec<LintSubject>,
    directions: &[Direction],
) -> Result<(Vec<Linted>, Facts), Error> {
    let files: Vec<(PathBuf, LintFile)> = subjects
        .into_iter()
        .map(|subject| {
            let mut read = read_for_lint(&subject.text);
            read.sections.retain(|section| directions.contains(&section.direction));
            (subject.file, read)
        })
        .collect();
    let facts = match ground {
        LintGround::Database(client) => {
            let asked = asked(files.iter().flat_map(|(_, file)| &file.sections));
            lint_facts::read(client, &asked).await?
        }
        LintGround::Version(version) => Facts::unknown(version),
    };
    let mut all = Vec::new();
    let mut scene = Scene::new(&facts);
    for (path, file) in files {
        // Without a database nobody knows how long ago the file before was applied.
        if !facts.is_read {
            scene = Scene::new(&facts);
        }
        all.push(look(path, &file, &mut scene));
    }
    Ok((all, facts))
}

fn look(path: PathBuf, file: &LintFile, scene: &mut Scene<'_>) -> Linted {
    let (mut sections, mut promise) = (Vec::new(), Promise::default());
    for section in &file.sections {
        // On the way down stands what all the ups have made.
        let mut below = scene.clone();
        let report = match section.direction {
            Direction::Up => judge(section, &file.allows, scene),
            Direction::Down => judge(section, &file.allows, &mut below),
        };
        if section.direction == Direction::Up {
            promise = Promise::of(&report, scene);
        }
        sections.push((section.direction, report));
    }
    let reports: Vec<Report> = sections.iter().map(|(_, report)| report.clone()).collect();
    let complaints = allow::complaints(&file.allows, &reports);
    Linted { file: path, sections, complaints, promise }
}
