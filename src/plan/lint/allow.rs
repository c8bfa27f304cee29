//! Comments that allow a finding: `-- longhaul:allow RULE: reason`, above its statement or in the file's header.

use super::finding::{Finding, Level};
use super::rules::RULES;
use super::squawk::SQUAWK;
use super::{LintSection, Report};

/// Of a comment that doesn't say why.
pub(crate) const NO_REASON: &str = "allow-without-reason";

/// Of a comment that allows what isn't there.
pub(crate) const UNUSED: &str = "unused-allow";

/// Such a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allow {
    pub(crate) rules: Vec<String>,
    /// Empty: none is given.
    pub(crate) reason: String,
    /// Where it stands, from 1.
    pub(crate) line: usize,
}

/// What a comment says, if it is one of these.
pub(crate) fn read(comment: &str, line: usize) -> Option<Allow> {
    let rest = comment.trim_start_matches('-').trim().strip_prefix("longhaul:allow")?;
    let (rules, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let rules = rules.split([',', ' ']).filter(|rule| !rule.is_empty()).map(str::to_owned).collect();
    Some(Allow { rules, reason: reason.trim().to_owned(), line })
}

impl Allow {
    fn allows(&self, finding: &Finding) -> bool {
        !self.reason.is_empty() && self.rules.iter().any(|rule| rule == finding.rule)
    }
}

/// Sorts the findings by whether they are allowed, and tells of comments that are no good. A comment of the header is told
/// of with the file's first section.
pub(super) fn apply(found: Vec<Finding>, section: &LintSection, of_file: &[Allow], report: &mut Report) {
    let mut used = vec![false; section.allows.len()];
    for finding in found {
        let here = section.allows.iter().position(|allow| {
            allow.allows(&finding)
                && statement_after(section, allow.line) == Some(finding_line(section, &finding))
        });
        let by = match here {
            Some(at) => {
                used[at] = true;
                Some(&section.allows[at])
            }
            None => of_file.iter().find(|allow| allow.allows(&finding)),
        };
        match by {
            Some(allow) => report.allowed.push((finding, allow.reason.clone())),
            None => report.findings.push(finding),
        }
    }
    for (allow, used) in section.allows.iter().zip(used) {
        report.findings.extend(complaint(allow, used));
    }
}

/// Complaints about the comments of a file's header, once all its sections are judged.
pub(crate) fn complaints(of_file: &[Allow], reports: &[Report]) -> Vec<Finding> {
    let is_used = |allow: &Allow| {
        reports.iter().flat_map(|report| &report.allowed).any(|(finding, _)| allow.allows(finding))
    };
    of_file.iter().filter_map(|allow| complaint(allow, is_used(allow))).collect()
}

fn complaint(allow: &Allow, is_used: bool) -> Option<Finding> {
    let unknown = allow.rules.iter().find(|rule| {
        !RULES.iter().any(|known| known.name == **rule) && !SQUAWK.iter().any(|(known, _)| known == *rule)
    });
    let finding = |rule, level, says, safe: &str| Finding {
        rule,
        level,
        line: allow.line,
        column: 1,
        says,
        blocked: Vec::new(),
        why: String::new(),
        safe: safe.to_owned(),
    };
    if allow.reason.is_empty() || allow.rules.is_empty() {
        let says = "a comment allows a finding and doesn't say why: it allows nothing".to_owned();
        let safe = "-- longhaul:allow RULE: why it does no harm here";
        return Some(finding(NO_REASON, Level::Danger, says, safe));
    }
    if let Some(unknown) = unknown {
        let says = format!("a comment allows `{unknown}`, and there is no such rule");
        return Some(finding(UNUSED, Level::Warning, says, "-- `longhaul lint --rules` lists them"));
    }
    let says = format!("nothing is found that this comment allows: {}", allow.rules.join(", "));
    (!is_used).then(|| finding(UNUSED, Level::Warning, says, "-- take the comment out"))
}

/// The line of the first statement below a comment.
fn statement_after(section: &LintSection, line: usize) -> Option<usize> {
    section.statements.iter().map(|statement| statement.line).find(|at| *at >= line)
}

/// The line of the statement that a finding is about.
fn finding_line(section: &LintSection, finding: &Finding) -> usize {
    let mut before =
        section.statements.iter().map(|statement| statement.line).filter(|at| *at <= finding.line);
    before.next_back().unwrap_or(finding.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_rules_and_a_reason() {
        let allow = read("-- longhaul:allow set-not-null, add-check: at night: nobody works", 4).unwrap();
        assert_eq!(allow.rules, ["set-not-null", "add-check"]);
        assert_eq!(allow.reason, "at night: nobody works");
        assert_eq!(read("-- longhaul:allow set-not-null", 1).unwrap().reason, "");
        assert_eq!(read("-- allow set-not-null: x", 1), None);
    }
}
