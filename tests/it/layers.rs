//! Each module uses only those above it in the list of design: the sources are read, and any other import fails.

use std::path::{Path, PathBuf};

/// The layers, lowest first; those on one line don't use each other.
const LAYERS: &[&[&str]] = &[
    &["clock"],
    &["model"],
    &["plan"],
    &["manifest"],
    &["config"],
    &["pg"],
    &["store", "throttle", "kit"],
    &["engine"],
    &["observe"],
    &["web"],
    &["cli"],
];

fn sources(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The top-level modules that a source names as `crate::…`.
fn used(source: &str) -> Vec<&str> {
    let name = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    source.match_indices("crate::").map(|(at, _)| &source[at + 7..]).map(|text| &text[..name(text)]).collect()
}

#[test]
fn modules_use_only_the_layers_above_them() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut seen = 0;
    for file in files {
        let relative = file.strip_prefix("src").unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        if matches!(module, "lib" | "main") {
            continue;
        }
        let own = rank(module).unwrap_or_else(|| panic!("{} is in no layer", file.display()));
        for used in used(&std::fs::read_to_string(&file).unwrap()) {
            let theirs =
                rank(used).unwrap_or_else(|| panic!("{} uses crate::{used}, no layer", file.display()));
            assert!(used == module || theirs < own, "{} ({module}) uses {used}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} imports were found: does the search still work?");
}

#[test]
fn plan_is_pure() {
    let mut files = Vec::new();
    sources(Path::new("src/plan"), &mut files);
    assert!(!files.is_empty());
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for word in [
            "async fn",
            "tokio",
            "std::fs",
            "std::net",
            "std::env",
            "fastrand",
            "crate::clock",
            "Instant::now",
        ] {
            assert!(!source.contains(word), "{} has `{word}` in it", file.display());
        }
    }
}
