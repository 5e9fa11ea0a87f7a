//! Which parts of the target a template compares with which texts, where that is all that it asks. It must not know what
//! follows from that.

use std::collections::BTreeSet;

use super::asked::asks_more_than_target;
use super::conditions::tags;

/// Parts of the target, each with a text that it is compared with.
pub(in crate::project) type Tests = BTreeSet<(String, String)>;

/// What a file asks of the target, if all that it asks is whether a part of it is some text.
///
/// Under each of these texts, and where it is none of them, the file can be rendered; so nothing else may be asked.
/// The configuration, which prints nothing, may ask for anything, but then nothing may ask for it.
pub(in crate::project) fn tests_of_target(text: &str) -> Option<Tests> {
    let mut found = Tests::new();
    let tags = tags(text)?;
    let of_config = ["config.", ".config"].iter().any(|config| text.contains(config));
    for tag in tags {
        match tests_in(tag.inside) {
            Some(tests) if !(of_config && tag.is_config() && !tests.is_empty()) => found.extend(tests),
            None if tag.is_config() && !of_config => {}
            _ => return None,
        }
    }
    Some(found)
}

/// What a tag asks of the target, if it asks nothing else.
pub(super) fn tests_in(inside: &str) -> Option<Tests> {
    if asks_more_than_target(inside) {
        return None;
    }
    let mut found = Tests::new();
    let mut rest = inside;
    while let Some(at) = target_at(rest) {
        if !begins_a_test(&rest[..at]) {
            return None;
        }
        rest = test(&rest[at + TARGET.len()..], &mut found)?;
    }
    Some(found)
}

/// Whether what follows a text is an operand of nothing that binds it before a comparison does.
fn begins_a_test(before: &str) -> bool {
    const WORDS: [&str; 7] = ["if", "elif", "else", "and", "or", "not", "return"];
    let before = before.trim_end();
    let last = before.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
    let is_given = before.ends_with('=') && !before.ends_with("==") && !before.ends_with("!=");
    before.is_empty() || WORDS.contains(&last) || before.ends_with(['(', ',']) || is_given
}

/// Where dbt's target is first named in a tag. In a text it is so where something of it is asked, as in a hook, or where it is
/// looked up by its name.
pub(super) fn target_at(inside: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    inside.match_indices(TARGET).map(|(at, _)| at).find(|at| {
        let (before, after) = (&inside[..*at], &inside[at + TARGET.len()..]);
        let is_word = !before.ends_with(|letter: char| is_part(letter) || letter == '.') && !after.starts_with(is_part);
        is_word
            && match open_text(before) {
                None => true,
                Some(quote) => {
                    let is_key = quote + 1 == *at && before[..quote].trim_end().ends_with(['[', '(']);
                    is_key || after.starts_with(['.', '['])
                }
            }
    })
}

const TARGET: &str = "target";

/// Where a text begins that does not end.
fn open_text(before: &str) -> Option<usize> {
    let mut open: Option<(usize, char)> = None;
    let mut letters = before.char_indices();
    while let Some((at, letter)) = letters.next() {
        match open {
            Some(_) if letter == '\\' => {
                letters.next();
            }
            Some((_, quote)) if letter == quote => open = None,
            None if matches!(letter, '\'' | '"') => open = Some((at, letter)),
            _ => {}
        }
    }
    open.map(|(at, _)| at)
}

/// Reads `.part == 'text'`, with `!=` or `in` and a list as well, and gives what comes behind.
fn test<'t>(text: &'t str, found: &mut Tests) -> Option<&'t str> {
    let rest = text.strip_prefix('.')?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let (part, rest) = rest.split_at(end);
    // The name has two names.
    let part = if part == "target_name" { "name" } else { part };
    let rest = rest.trim_start();
    let literal = |rest: &'t str| -> Option<(&'t str, &'t str)> {
        let quote = rest.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
        let (text, rest) = rest[1..].split_once(quote)?;
        (!text.contains('\\')).then(|| (text, rest.trim_start()))
    };
    if let Some(rest) = rest.strip_prefix("==").or_else(|| rest.strip_prefix("!=")) {
        let (text, rest) = literal(rest.trim_start())?;
        // What is done with the text makes another one of it.
        if rest.starts_with(['~', '+', '|', '.', '[', '*', '%']) {
            return None;
        }
        found.insert((part.to_owned(), text.to_owned()));
        return Some(rest);
    }
    let rest = rest.strip_prefix("not ").map_or(rest, str::trim_start).strip_prefix("in")?.trim_start();
    let (mut rest, close) = match rest.strip_prefix('(') {
        Some(rest) => (rest.trim_start(), ')'),
        None => (rest.strip_prefix('[')?.trim_start(), ']'),
    };
    loop {
        let (text, behind) = literal(rest)?;
        found.insert((part.to_owned(), text.to_owned()));
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
        if let Some(rest) = rest.strip_prefix(close) {
            return Some(rest);
        }
    }
}
