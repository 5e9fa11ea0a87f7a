//! Takes a YAML tree apart and notes every problem on the way: a broken key never hides the next.

use headsup_lineage::diagnostic::{Diagnostic, Position};

use super::names::Rejected;
use crate::error::did_you_mean;
use crate::yaml::{Content, Entry, Node};

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Diagnostic>);

impl Problems {
    pub(super) fn report(
        &mut self,
        code: &'static str,
        at: Position,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        let diagnostic = Diagnostic::error(code, message).at(at);
        self.0.push(match hint.into() {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
    }

    pub(super) fn wrong_type(&mut self, value: &Value<'_>, expected: &str) {
        let message = format!("{} must be {expected}, not {}", value.what, value.node.content.kind());
        let hint = matches!(value.node.content, Content::Integer(_) | Content::Float(_) | Content::Bool(_))
            .then(|| "put it in quotes".to_owned())
            .filter(|_| expected == A_TEXT);
        self.report("settings-type", value.at, message, hint);
    }

    /// Says that a secret is written in the file, without repeating it.
    pub(super) fn secret(&mut self, at: Position, what: &str, key: &str) {
        let hint = format!(
            "put it in an environment variable and name that with a channel's `{key}`; \
             if the file was ever committed, replace the secret"
        );
        self.report("settings-secret", at, format!("{what} holds a secret"), hint);
    }

    /// Says that a name is not among those defined.
    pub(super) fn unknown_reference<'a>(
        &mut self,
        kind: &str,
        named: &Named,
        defined: impl Iterator<Item = &'a str> + Clone,
    ) {
        if looks_secret(&named.name) {
            return self.secret(named.at, &format!("`{kind}`"), "webhook_env");
        }
        let hint = match did_you_mean(&named.name, defined) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("define it under `{kind}s:`"),
        };
        self.report("settings-reference", named.at, format!("no {kind} is called `{}`", named.name), hint);
    }
}

/// What texts are called in messages.
const A_TEXT: &str = "a text";

/// A value, where it is, and how messages call it.
pub(super) struct Value<'a> {
    pub(super) node: &'a Node,
    pub(super) at: Position,
    pub(super) what: String,
}

/// A name with its place, for references that are checked when everything is read.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) at: Position,
}

/// A mapping whose keys are known beforehand.
pub(super) struct Fields<'a> {
    entries: &'a [Entry],
    /// How messages call it: `the job`.
    what: &'static str,
    pub(super) at: Position,
}

impl<'a> Value<'a> {
    pub(super) fn text(&self, problems: &mut Problems) -> Option<String> {
        match &self.node.content {
            Content::Text(text) if text.trim().is_empty() => {
                problems.report("settings-value", self.at, format!("{} is empty", self.what), None);
                None
            }
            Content::Text(text) => Some(text.clone()),
            _ => {
                problems.wrong_type(self, A_TEXT);
                None
            }
        }
    }

    pub(super) fn named(&self, problems: &mut Problems) -> Option<Named> {
        self.text(problems).map(|name| Named { name, at: self.at })
    }

    /// A text that a constructor checks.
    pub(super) fn checked<T>(
        &self,
        problems: &mut Problems,
        check: impl FnOnce(&str) -> Result<T, Rejected>,
    ) -> Option<T> {
        let text = self.text(problems)?;
        match check(&text) {
            Ok(checked) => Some(checked),
            Err(rejected) => {
                problems.report("settings-value", self.at, rejected.message, rejected.hint);
                None
            }
        }
    }

    /// One of the texts that are allowed.
    pub(super) fn choice<T: Copy>(&self, problems: &mut Problems, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let allowed = format!("it is one of {}", names.join(", "));
        let Content::Text(text) = &self.node.content else {
            let message = format!("{} must be a text, not {}", self.what, self.node.content.kind());
            problems.report("settings-type", self.at, message, allowed);
            return None;
        };
        let found = choices.iter().find(|(name, _)| name == text);
        if found.is_none() {
            let message = format!("{} cannot be `{text}`", self.what);
            let hint = match did_you_mean(text, names.iter().copied()) {
                Some(name) => format!("did you mean `{name}`? {allowed}"),
                None => allowed,
            };
            problems.report("settings-value", self.at, message, hint);
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn items(&self, problems: &mut Problems) -> Vec<Value<'a>> {
        let Content::List(items) = &self.node.content else {
            problems.wrong_type(self, "a list");
            return Vec::new();
        };
        let what = format!("an item of {}", self.what);
        items.iter().map(|node| Value { node, at: node.position.unwrap_or(self.at), what: what.clone() }).collect()
    }

    pub(super) fn texts(&self, problems: &mut Problems) -> Vec<Named> {
        self.items(problems).iter().filter_map(|item| item.named(problems)).collect()
    }

    /// The entries of a mapping whose keys are names that the file makes up.
    pub(super) fn members(&self, problems: &mut Problems) -> Vec<(Named, Value<'a>)> {
        let Content::Mapping(entries) = &self.node.content else {
            problems.wrong_type(self, "a mapping");
            return Vec::new();
        };
        entries
            .iter()
            .map(|entry| {
                let at = entry.key_position.unwrap_or(self.at);
                let value = Value {
                    node: &entry.value,
                    at: entry.value.position.unwrap_or(at),
                    what: format!("`{}`", entry.key),
                };
                (Named { name: entry.key.clone(), at }, value)
            })
            .collect()
    }

    /// A mapping whose keys are known; what else it has is a problem.
    pub(super) fn fields(&self, problems: &mut Problems, what: &'static str, keys: &[&str]) -> Option<Fields<'a>> {
        let Content::Mapping(entries) = &self.node.content else {
            problems.wrong_type(self, "a mapping");
            return None;
        };
        for entry in entries.iter().filter(|entry| !keys.contains(&entry.key.as_str())) {
            let at = entry.key_position.unwrap_or(self.at);
            let hint = match did_you_mean(&entry.key, keys.iter().copied()) {
                Some(key) => format!("did you mean `{key}`?"),
                None => format!("the keys are {}", keys.join(", ")),
            };
            problems.report("settings-unknown-key", at, format!("{what} has no key `{}`", entry.key), hint);
        }
        Some(Fields { entries, what, at: self.at })
    }
}

impl<'a> Fields<'a> {
    /// The value of a key; a key without a value is as good as none.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        if entry.value.content == Content::Null {
            return None;
        }
        let at = entry.value.position.or(entry.key_position).unwrap_or(self.at);
        Some(Value { node: &entry.value, at, what: format!("`{key}`") })
    }

    pub(super) fn required(&self, problems: &mut Problems, key: &str) -> Option<Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            problems.report("settings-missing", self.at, format!("{} needs `{key}`", self.what), None);
        }
        value
    }

    pub(super) fn text(&self, problems: &mut Problems, key: &str) -> Option<String> {
        self.get(key)?.text(problems)
    }

    pub(super) fn named(&self, problems: &mut Problems, key: &str) -> Option<Named> {
        self.get(key)?.named(problems)
    }
}

/// Whether a text looks like a webhook's address or a token.
pub(super) fn looks_secret(text: &str) -> bool {
    let begins = ["http://", "https://", "smtp://", "smtps://", "xoxb-", "xoxp-", "ghp_", "github_pat_", "glpat-"];
    let text = text.trim().to_ascii_lowercase();
    begins.iter().any(|beginning| text.starts_with(beginning))
}
