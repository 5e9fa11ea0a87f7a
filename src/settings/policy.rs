//! `policy:` of the settings: which tables are public and private, and how grave findings are.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use headsup_lineage::diagnostic::{Position, Severity};
use headsup_lineage::relation::Relation;

use super::fields::{Problems, Value};
use crate::error::did_you_mean;
use crate::policy::Check;

pub(super) const KEYS: [&str; 3] = ["public", "private", "severity"];

/// What `headsup check` holds the repository to.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Tables that every team may read.
    pub public: Vec<TablePattern>,
    /// Tables that only their team may read, whatever `public` says.
    pub private: Vec<TablePattern>,
    /// How grave findings are, where that is not left to the check; `None` for those that nobody wants.
    pub severity: BTreeMap<Check, Option<Severity>>,
}

/// Tables by their names or by the files that fill them.
#[derive(Debug, Clone)]
pub struct TablePattern {
    /// The pattern as written.
    pub text: String,
    /// Where it stands.
    pub position: Position,
    glob: GlobMatcher,
    is_path: bool,
}

impl TablePattern {
    /// A pattern with `/` is one of paths, any other one of names; `*` stays within a folder or within a
    /// part of a name.
    fn new(text: &str, position: Position) -> Result<Self, globset::Error> {
        let is_path = text.contains('/');
        let pattern = if is_path { text.to_owned() } else { text.replace('.', "/") };
        let glob = GlobBuilder::new(&pattern).literal_separator(true).case_insensitive(!is_path).build()?;
        Ok(Self { text: text.to_owned(), position, glob: glob.compile_matcher(), is_path })
    }

    /// Whether a relation is meant: by one of its files, or by the end of one of its names.
    #[must_use]
    pub fn fits(&self, relation: &Relation) -> bool {
        if self.is_path {
            return relation.files().iter().any(|file| self.glob.is_match(&**file));
        }
        let mut names = std::iter::once(&relation.name).chain(&relation.aliases);
        names.any(|name| {
            let parts: Vec<&str> = name.keys().collect();
            (0..parts.len()).any(|from| self.glob.is_match(parts[from..].join("/")))
        })
    }
}

/// Reads the section.
pub(super) fn read(value: &Value<'_>, problems: &mut Problems) -> Policy {
    let Some(fields) = value.fields(problems, "the policy", &KEYS) else { return Policy::default() };
    let mut patterns = |key: &str| -> Vec<TablePattern> {
        let texts = fields.get(key).map(|value| value.texts(problems)).unwrap_or_default();
        let patterns = texts.iter().filter_map(|text| match TablePattern::new(&text.name, text.at) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let message = format!("`{}` is not a pattern: {}", text.name, error.kind());
                let hint = "write `marts.*` for tables by name, `models/marts/**` for tables by path".to_owned();
                problems.report("settings-glob", text.at, message, hint);
                None
            }
        });
        patterns.collect()
    };
    let (public, private) = (patterns("public"), patterns("private"));
    let severity = fields.get("severity").map(|value| severities(&value, problems)).unwrap_or_default();
    Policy { public, private, severity }
}

fn severities(value: &Value<'_>, problems: &mut Problems) -> BTreeMap<Check, Option<Severity>> {
    const LEVELS: [(&str, Option<Severity>); 4] = [
        ("error", Some(Severity::Error)),
        ("warning", Some(Severity::Warning)),
        ("note", Some(Severity::Note)),
        ("off", None),
    ];
    let mut severities = BTreeMap::new();
    for (name, value) in value.members(problems) {
        let level = value.choice(problems, &LEVELS);
        match (Check::parse(&name.name), level) {
            (Some(check), Some(level)) => {
                severities.insert(check, level);
            }
            (None, _) => {
                let hint = match did_you_mean(&name.name, Check::ALL.map(Check::code)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "docs/checks.md lists the codes".to_owned(),
                };
                problems.report("settings-value", name.at, format!("no check has the code `{}`", name.name), hint);
            }
            (Some(_), None) => {}
        }
    }
    severities
}
