//! Findings in the Static Analysis Results Interchange Format, 2.1.0, as code hosts read it.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::Told;
use crate::engine::lint::Linted;
use crate::plan::lint::allow::{NO_REASON, UNUSED};
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::rules::RULES;
use crate::plan::lint::squawk::SQUAWK;

/// What can't stand in the path of a URI.
const NOT_IN_PATHS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'%').add(b'#').add(b'?').add(b'"').add(b'<').add(b'>');

pub(super) fn document(told: &Told<'_>) -> Value {
    let ours = RULES.iter().map(|rule| (rule.name, rule.about.to_owned()));
    let theirs = SQUAWK.iter().map(|(name, _)| (*name, format!("{name}, by squawk")));
    let comments = [
        (NO_REASON, "a comment that allows something and doesn't say why".to_owned()),
        (UNUSED, "a comment that allows what isn't found".to_owned()),
    ];
    let rules: Vec<(&str, String)> = ours.chain(theirs).chain(comments).collect();
    let index = |name: &str| rules.iter().position(|(known, _)| *known == name);
    let result = |linted: &Linted, finding: &Finding, reason: Option<&str>| {
        let mut value = json!({
            "ruleId": finding.rule,
            "ruleIndex": index(finding.rule),
            "level": match finding.level {
                Level::Danger => "error",
                Level::Warning => "warning",
                Level::Note => "note",
            },
            "message": { "text": message(finding) },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": uri(linted) },
                    "region": { "startLine": finding.line, "startColumn": finding.column },
                },
            }],
        });
        if let Some(reason) = reason {
            value["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
        }
        value
    };
    let mut results = Vec::new();
    for linted in told.linted {
        results.extend(linted.findings().map(|finding| result(linted, finding, None)));
        let allowed = linted.sections.iter().flat_map(|(_, report)| &report.allowed);
        results.extend(allowed.map(|(finding, reason)| result(linted, finding, Some(reason))));
    }
    let described =
        |(name, about): &(&str, String)| json!({ "id": name, "shortDescription": { "text": about } });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "longhaul lint",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules.iter().map(described).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// What is said of the place, without the place.
pub(super) fn message(finding: &Finding) -> String {
    let mut parts = vec![finding.says.clone()];
    parts.extend(finding.blocked.iter().map(crate::plan::lint::finding::Blocked::words));
    if !finding.why.is_empty() {
        parts.push(format!("why: {}", finding.why));
    }
    if !finding.safe.is_empty() {
        parts.push(format!("safe:\n{}", finding.safe));
    }
    parts.join("\n")
}

fn uri(linted: &Linted) -> String {
    let path = linted.file.display().to_string().replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    let encoded = utf8_percent_encode(path, NOT_IN_PATHS).to_string();
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}
