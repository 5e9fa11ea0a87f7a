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

#[cfg(test)]
mod tests {
    use super::*;

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
