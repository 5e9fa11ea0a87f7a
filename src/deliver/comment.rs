//! A comment on a pull or merge request: its text, the line by which it is found again, and whose it is. It
//! must not know which service holds it.

use serde_json::{Value, json};

use super::channel::{Channel, Receipt, Sight};
use super::{Fault, Letter};
use crate::render::message::{Comment, comment};

/// The most bytes of a comment; the services take some more characters.
const LONGEST: usize = 65_000;
/// A request with more pages of comments than these is looked at no further.
pub(super) const MOST_PAGES: usize = 100;

/// How the line begins by which a comment is found again.
const BEGINNING: &str = "<!-- headsup ";

/// The line by which a comment is found again, up to what changes in it.
fn mark(letter: &Letter) -> String {
    format!("{BEGINNING}{} ", letter.conversation())
}

/// The line of a comment that may be ours by which it is found again.
pub(super) fn first_line(text: &str) -> Option<&str> {
    text.trim_start().lines().next().filter(|line| line.starts_with(BEGINNING))
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

/// The comments of one request, as a service keeps them.
pub(super) trait Comments: Channel {
    /// Makes a comment, and says its id.
    fn make(&self, content: &Value) -> Result<Option<String>, Fault>;
    /// Gives a comment another content.
    fn change(&self, id: &str, content: &Value) -> Result<(), Fault>;
    /// Takes a comment away.
    fn remove(&self, id: &str) -> Result<(), Fault>;
}

/// Leaves one comment for a letter: the one that is there with another text, else a new one.
pub(super) fn leave(comments: &impl Comments, letter: &Letter, there: Option<&str>) -> Result<Receipt, Fault> {
    let content = json!({ "body": body(letter) });
    if let Some(id) = there
        && update(comments, id, &content)?
    {
        return Ok(Receipt::Updated(Some(id.to_owned())));
    }
    let id = comments.make(&content)?;
    // A run on another machine may have looked at the same time: then the earlier comment stays.
    let first = match comments.look(letter, None)? {
        Sight::Same(first) | Sight::Other(first) => first,
        Sight::Nothing => return Ok(Receipt::Sent(id)),
    };
    match id {
        Some(id) if id != first && update(comments, &first, &content)? => {
            comments.remove(&id)?;
            Ok(Receipt::Updated(Some(first)))
        }
        id => Ok(Receipt::Sent(id)),
    }
}

/// Changes a comment, if it is there and ours.
fn update(comments: &impl Comments, id: &str, content: &Value) -> Result<bool, Fault> {
    match comments.change(id, content) {
        Ok(()) => Ok(true),
        // Deleted meanwhile, or somebody else's that looks like ours.
        Err(Fault::Lasting { said }) if is_not_ours(&said) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Whether a service says that there is no such comment, or that it is somebody else's.
fn is_not_ours(said: &str) -> bool {
    said.contains("answered 404") || said.contains("answered 403")
}
