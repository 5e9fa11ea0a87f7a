//! Names in the settings that have been checked; each has one constructor that checks.

use std::fmt;

/// Why a text is not the name that it should be: a message, and what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) message: String,
    pub(super) hint: String,
}

fn rejected(message: impl Into<String>, hint: impl Into<String>) -> Rejected {
    Rejected { message: message.into(), hint: hint.into() }
}

/// The name of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvName(String);

impl EnvName {
    /// Letters, digits and underscores, not beginning with a digit. What is refused is not repeated in
    /// the message: somebody may have pasted the secret itself.
    pub(super) fn new(text: &str) -> Result<Self, Rejected> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if text.is_empty() || text.starts_with(|letter: char| letter.is_ascii_digit()) || !text.chars().all(fits) {
            return Err(rejected(
                "this is not the name of an environment variable",
                "name a variable such as SLACK_WEBHOOK, and put the value there",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A path from the project directory that stays inside it, with `/`; empty for the directory itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectPath(String);

impl ProjectPath {
    pub(super) fn new(text: &str) -> Result<Self, Rejected> {
        let hint = "paths are relative to the project directory and use `/`";
        if text.starts_with('/') || text.contains('\\') || text.get(1..2) == Some(":") {
            return Err(rejected(format!("`{text}` is not a relative path"), hint));
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Err(rejected(format!("`{text}` leaves the project directory"), hint));
        }
        Ok(Self(parts.join("/")))
    }

    /// The path; empty for the project directory itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

/// How a file that is a bare SELECT gets its relation's name: text with placeholders for parts of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    pieces: Vec<Piece>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// The file's name without its extension.
    Stem,
    /// The directory this many levels above the file.
    Ancestor(usize),
}

/// The placeholders, as people write them.
const PLACEHOLDERS: [(&str, Piece); 4] = [
    ("stem", Piece::Stem),
    ("parent", Piece::Ancestor(1)),
    ("parent2", Piece::Ancestor(2)),
    ("parent3", Piece::Ancestor(3)),
];

impl NamePattern {
    /// Reads a pattern such as `{parent}.{stem}`; `None` if it has no placeholder or an unknown one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }

    pub(super) fn new(text: &str) -> Result<Self, Rejected> {
        let hint = "the placeholders are {stem}, {parent}, {parent2} and {parent3}";
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| rejected(format!("`{text}` has a `{{` without `}}`"), hint))?;
            let placeholder = PLACEHOLDERS.into_iter().find(|(placeholder, _)| *placeholder == name);
            let (_, piece) =
                placeholder.ok_or_else(|| rejected(format!("there is no placeholder `{{{name}}}`"), hint))?;
            pieces.extend((!literal.is_empty()).then(|| Piece::Literal(literal.to_owned())));
            pieces.push(piece);
            rest = after;
        }
        if pieces.is_empty() {
            return Err(rejected("the pattern gives every file the same name", hint));
        }
        pieces.extend((!rest.is_empty()).then(|| Piece::Literal(rest.to_owned())));
        Ok(Self { pieces, text: text.to_owned() })
    }

    /// The name of the file at a path; `None` if the path has fewer directories than the pattern asks for.
    #[must_use]
    pub fn name(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let (file, directories) = parts.split_last()?;
        let mut name = String::new();
        for piece in &self.pieces {
            name.push_str(match piece {
                Piece::Literal(text) => text,
                Piece::Stem => file.rsplit_once('.').map_or(*file, |(stem, _)| stem),
                Piece::Ancestor(level) => directories.get(directories.len().checked_sub(*level)?)?,
            });
        }
        Some(name)
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_files_by_their_path() {
        let name = |pattern: &str, path: &str| NamePattern::parse(pattern).and_then(|pattern| pattern.name(path));
        assert_eq!(name("{stem}", "jobs/daily.v2.sql").as_deref(), Some("daily.v2"));
        assert_eq!(name("{parent}.{stem}", "jobs/daily.sql").as_deref(), Some("jobs.daily"));
        let layout = name("{parent3}.{parent2}.{parent}", "sql/proj/data/table/query.sql");
        assert_eq!(layout.as_deref(), Some("proj.data.table"));
        assert_eq!(name("raw_{stem}_v1", "x.sql").as_deref(), Some("raw_x_v1"));
        assert_eq!(name("{parent}.{stem}", "daily.sql"), None);
        for bad in ["orders", "", "{stme}", "{stem", "{}"] {
            assert_eq!(NamePattern::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn paths_stay_inside_the_project() {
        let path = |text: &str| ProjectPath::new(text).map(|path| path.0);
        assert_eq!(path("./a//b/"), Ok("a/b".to_owned()));
        assert_eq!(path("."), Ok(String::new()));
        for bad in ["/etc", "../x", "a/../../b", "C:/x", "a\\b"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refused_variable_name_is_not_repeated() {
        let refused = EnvName::new("https://hooks.slack.com/services/T0/B0/s3cret").unwrap_err();
        assert!(!format!("{refused:?}").contains("s3cret"));
        assert!(EnvName::new("SLACK_1").is_ok() && EnvName::new("1SLACK").is_err());
    }
}
