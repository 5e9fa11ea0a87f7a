//! Secrets: taken from the environment by the names that settings give, and taken out of every text
//! that somebody may read.

use std::fmt;
use std::sync::Mutex;

use crate::settings::EnvName;

/// What hides a secret.
const MASK: &str = "***";
/// Shorter values are in too many texts to be taken out of all of them.
const SHORTEST: usize = 6;

/// The environment, as a function, so that tests can have their own.
pub struct Environment<'a>(pub &'a (dyn Fn(&str) -> Option<String> + Sync));

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Environment")
    }
}

impl Environment<'_> {
    /// The value of a variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

/// A value that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    /// The value, for the one place that sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MASK)
    }
}

/// All secrets of a run, so that none of them can be said by accident.
#[derive(Default)]
pub struct Secrets(Mutex<Vec<String>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secrets")
    }
}

impl Secrets {
    /// The value of the variable that settings name.
    pub(super) fn take(&self, environment: &Environment<'_>, name: &EnvName) -> Option<Secret> {
        let value = environment.get(name.as_str())?;
        self.hide(&value);
        Some(Secret(value))
    }

    /// Makes a text one that is never shown. Of an address it is the password that is secret, and what comes
    /// after the host; each part of that by itself too, unless it is a word that any text may have.
    pub(super) fn hide(&self, value: &str) {
        let mut parts = vec![value.to_owned()];
        if let Some((_, rest)) = value.split_once("://") {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let pieces = path.split(['/', '?', '&', '=']).filter(|piece| is_random(piece));
            parts.extend(pieces.map(str::to_owned));
            if path.contains(['/', '?']) || is_random(path) {
                parts.push(path.to_owned());
            }
            let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
            if let Some((_, password)) = user.split_once(':') {
                parts.extend([password.to_owned(), decoded(password)]);
            }
        }
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.extend(parts.into_iter().filter(|part| part.len() >= SHORTEST));
        known.sort_by_key(|part| std::cmp::Reverse(part.len()));
        known.dedup();
    }

    /// A text without any secret.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }
}

/// Whether a piece of an address looks made by chance, and not like a word: it has digits, or letters of
/// both cases.
fn is_random(piece: &str) -> bool {
    let has = |kind: fn(char) -> bool| piece.chars().any(kind);
    let mixed = has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_lowercase());
    piece.len() >= SHORTEST && (mixed || has(|c| c.is_ascii_digit()))
}

/// A text in which `%40` is `@`.
pub(super) fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_is_shown() {
        let secrets = Secrets::default();
        secrets.hide("https://hooks.slack.com/services/T0000000/B0000000/s3cr3tpart");
        secrets.hide("smtp://ann:p%40ssword@mail.example.com:587");
        assert_eq!(secrets.mask("see https://hooks.slack.com/services/T0000000/B0000000/s3cr3tpart"), "see ***");
        assert_eq!(
            secrets.mask("no route to s3cr3tpart, or p@ssword, or p%40ssword"),
            "no route to ***, or ***, or ***"
        );
        assert_eq!(secrets.mask("services of mail.example.com"), "services of mail.example.com");
        assert_eq!(format!("{:?}", Secret("hidden".to_owned())), "***");
    }
}
