//! Comments that allow a finding where it stands: `-- headsup: allow(code) because …`. It must not know
//! what any check looks for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use headsup_lineage::diagnostic::{Position, Severity};

use super::{Check, Finding, Pardon};

/// What every such comment says.
const MARK: &str = "headsup:";

/// How a comment of one line begins, in SQL, YAML, Python and Jinja.
const COMMENTS: [&str; 6] = ["--", "#", "{#", "/*", "//", "*"];

/// A comment that allows findings.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowance {
    codes: Vec<String>,
    /// Why; `None` if it does not say.
    reason: Option<String>,
    position: Position,
    /// The lines that it is about.
    covers: RangeInclusive<u32>,
}

/// Marks the findings that a comment allows, and adds what is wrong with such comments, in the files of
/// findings and in `files`.
pub fn pardon(found: &mut Vec<Finding>, files: &[Arc<str>], text: &dyn Fn(&str) -> Option<String>) {
    let files: BTreeSet<Arc<str>> =
        found.iter().map(|finding| Arc::clone(&finding.path)).chain(files.iter().cloned()).collect();
    let mut by_file: BTreeMap<Arc<str>, Vec<&mut Finding>> = BTreeMap::new();
    for finding in found.iter_mut() {
        by_file.entry(Arc::clone(&finding.path)).or_default().push(finding);
    }
    let mut amiss = Vec::new();
    for file in files {
        let Some(text) = text(&file).filter(|text| text.contains(MARK)) else { continue };
        let mut here = by_file.remove(&file).unwrap_or_default();
        for allowance in allowances(&text) {
            amiss.extend(allowance.apply(&file, &mut here));
        }
    }
    found.extend(amiss);
}

impl Allowance {
    fn apply(&self, file: &Arc<str>, here: &mut [&mut Finding]) -> Vec<Finding> {
        let place = (file, self.position);
        let mut amiss = Vec::new();
        for code in &self.codes {
            let about = format!("{file} allows {code}");
            let Some(check) = Check::parse(code) else {
                let finding = Finding::new(Check::AllowUnknown, Severity::Warning, place, about);
                let finding = finding.says(format!("no check has the code `{code}`"));
                amiss.push(finding.hint("docs/checks.md lists the codes"));
                continue;
            };
            let Some(reason) = &self.reason else {
                let finding = Finding::new(Check::AllowWithoutReason, Severity::Warning, place, about);
                let finding = finding.says(format!("`{code}` is not allowed here: no reason is given"));
                amiss.push(finding.hint(format!("write `{MARK} allow({code}) because …`")));
                continue;
            };
            let mut used = false;
            let lines = |finding: &Finding| self.covers.contains(&finding.position.line);
            for finding in here.iter_mut().filter(|finding| finding.check == check && lines(finding)) {
                finding.pardon = Some(Pardon::Comment(reason.clone()));
                used = true;
            }
            // Whether a public table breaks is known of changes only.
            if !used && check != Check::PublicContract {
                let finding = Finding::new(Check::AllowUnused, Severity::Note, place, about);
                let finding = finding.says(format!("`{code}` is allowed here and not found"));
                amiss.push(finding.hint("take the comment out, or put it on the line that it is about"));
            }
        }
        amiss
    }
}

/// The comments of a text that allow something.
///
/// One that stands behind code is about its line. One that stands alone is about the comments around it
/// and the line of code below them, so that at the head of a file it is about the file as a whole.
fn allowances(text: &str) -> Vec<Allowance> {
    let lines: Vec<&str> = text.lines().collect();
    let is_code = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with(MARK) && !COMMENTS.iter().any(|comment| line.starts_with(comment))
    };
    let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(at) = line.find(MARK) else { continue };
        let before = line[..at].trim_end_matches(['-', '+']).trim_end();
        let in_comment = before.is_empty() || COMMENTS.iter().any(|comment| line[..at].contains(comment));
        let Some((codes, reason)) = said(&line[at + MARK.len()..]).filter(|_| in_comment) else { continue };
        let covers = if is_code(line) {
            number(index)..=number(index)
        } else {
            let first = (0..index).rev().find(|above| is_code(lines[*above])).map_or(0, |above| above + 1);
            let last = (index..lines.len()).find(|below| is_code(lines[*below])).unwrap_or(lines.len());
            number(first)..=number(last)
        };
        let position = crate::text::position(line, at);
        found.push(Allowance { codes, reason, position: Position { line: number(index), ..position }, covers });
    }
    found
}

/// `allow(a, b) because …`, its codes and its reason.
fn said(text: &str) -> Option<(Vec<String>, Option<String>)> {
    let (codes, rest) = text.trim_start().strip_prefix("allow")?.trim_start().strip_prefix('(')?.split_once(')')?;
    let codes = codes.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).collect();
    let reason = rest.trim().strip_prefix("because").map(|reason| {
        let ends = ["-#}", "#}", "*/"].iter().filter_map(|end| reason.find(end)).min();
        reason[..ends.unwrap_or(reason.len())].trim_matches([' ', ':', '\t']).to_owned()
    });
    Some((codes, reason.filter(|reason| reason.chars().any(char::is_alphanumeric))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<&str>, RangeInclusive<u32>)]) {
        let found = allowances(text);
        let found: Vec<_> =
            found.iter().map(|found| (found.codes.join(" "), found.reason.as_deref(), found.covers.clone())).collect();
        let found: Vec<_> = found.iter().map(|(codes, reason, covers)| (&**codes, *reason, covers.clone())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_comment_is_about_its_line_or_the_next_one() {
        check("select 1 -- headsup: allow(a) because b\nfrom t", &[("a", Some("b"), 1..=1)]);
        check("select 1\n-- headsup: allow(a) because b\nfrom t", &[("a", Some("b"), 2..=3)]);
        check("-- about\n-- headsup: allow(a, b) because it is so\n\nselect 1", &[("a b", Some("it is so"), 1..=4)]);
        check("{#- headsup: allow(a) because b -#}\nselect 1", &[("a", Some("b"), 1..=2)]);
        check("jobs:\n  # headsup: allow(a) because: b\n  - name: x", &[("a", Some("b"), 2..=3)]);
        check("select /* headsup: allow(a) because b */ 1", &[("a", Some("b"), 1..=1)]);
        check("/*\n  headsup: allow(a) because b\n*/\nselect 1", &[("a", Some("b"), 1..=4)]);
    }

    #[test]
    fn a_reason_is_something_that_is_said() {
        for text in ["-- headsup: allow(a)", "-- headsup: allow(a) because", "{# headsup: allow(a) because … #}"] {
            check(text, &[("a", None, 1..=2)]);
        }
    }

    #[test]
    fn what_is_no_such_comment_allows_nothing() {
        for text in
            ["select 'headsup: allow(a) because b'", "-- headsup: allows(a)", "-- headsup is allow(a)", "headsup:"]
        {
            check(text, &[]);
        }
    }
}
