//! A file of findings that are known and do not count. It must not know where the file lies.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Finding, Pardon};

/// The version of the file's form.
const VERSION: u32 = 1;

/// Findings that are known, by code and by what they are about: they stay known when lines move.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Baseline {
    version: u32,
    findings: BTreeSet<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry {
    code: String,
    about: String,
}

impl Entry {
    fn of(finding: &Finding) -> Self {
        Self { code: finding.check.code().to_owned(), about: finding.about.clone() }
    }
}

impl Baseline {
    /// A baseline from its text.
    ///
    /// # Errors
    /// If the text is none, or one of a version to come.
    pub fn parse(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match baseline.version {
            VERSION => Ok(baseline),
            version => Err(format!("it has version {version}, and this headsup reads version {VERSION}")),
        }
    }

    /// The baseline that knows some findings, but for those that comments allow.
    #[must_use]
    pub fn of(found: &[Finding]) -> Self {
        let known = found.iter().filter(|finding| !matches!(finding.pardon, Some(Pardon::Comment(_))));
        Self { version: VERSION, findings: known.map(Entry::of).collect() }
    }

    /// Its text, a line an entry.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |entry: &Entry| serde_json::to_string(entry).unwrap_or_default();
        let lines: Vec<String> = self.findings.iter().map(|entry| format!("    {}", line(entry))).collect();
        let inner = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": [{inner}]\n}}\n")
    }

    /// How many findings it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Marks the findings that it knows, and counts the entries that nothing answers to any more.
    pub fn pardon(&self, found: &mut [Finding]) -> usize {
        let mut used = BTreeSet::new();
        for finding in found.iter_mut() {
            if let Some(entry) = self.findings.get(&Entry::of(finding)) {
                used.insert(entry);
                finding.pardon.get_or_insert(Pardon::Baseline);
            }
        }
        self.findings.len() - used.len()
    }
}
