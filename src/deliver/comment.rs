//! A comment on a pull or merge request: its text, the line by which it is found again, and whose it is. It
//! must not know which service holds it.

use super::Letter;
use super::channel::Sight;
use crate::render::message::{Comment, comment};

/// The most bytes of a comment; the services take some more characters.
const LONGEST: usize = 65_000;
/// A request with more pages of comments than these is looked at no further.
pub(super) const MOST_PAGES: usize = 100;

/// The line by which a comment is found again, up to what changes in it.
fn mark(letter: &Letter) -> String {
    format!("<!-- headsup {} ", letter.conversation())
}

/// The whole of a comment.
pub(super) fn body(letter: &Letter) -> String {
    let marker = format!("{}{} -->", mark(letter), letter.fingerprint());
    comment(&letter.messages, Comment { marker: &marker, most: LONGEST })
}

/// What a comment says of the letter that it holds: whether it is this one.
pub(super) fn sight(letter: &Letter, text: &str, reference: String) -> Option<Sight> {
    // Only at the beginning: a comment that quotes ours is not ours.
    let rest = text.trim_start().strip_prefix(&mark(letter))?;
    let same = rest.starts_with(&letter.fingerprint());
    Some(if same { Sight::Same(reference) } else { Sight::Other(reference) })
}

/// Whether a service says that there is no such comment, or that it is somebody else's.
pub(super) fn is_not_ours(said: &str) -> bool {
    said.contains("answered 404") || said.contains("answered 403")
}
