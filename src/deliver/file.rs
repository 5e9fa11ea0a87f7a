//! A file that letters are added to: one JSON object a line if it is called `.jsonl`, else text. Each ends
//! with what it is found by, so that none is added twice.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use serde_json::json;

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::{Fault, Letter};
use crate::render::message::{json as message_json, plain};

/// How wide the text is.
const WIDTH: usize = 80;

/// A file in the project directory.
pub(super) struct Appended {
    pub(super) path: PathBuf,
    /// What settings call it.
    pub(super) name: String,
}

impl Appended {
    fn is_lines(&self) -> bool {
        self.path.extension().is_some_and(|end| end == "jsonl" || end == "ndjson")
    }

    /// How the letter ends, which no other letter does.
    fn end(&self, letter: &Letter) -> String {
        if self.is_lines() {
            format!("\"fingerprint\":\"{}\"}}\n", letter.fingerprint())
        } else {
            format!("-- {} {}\n", letter.conversation(), letter.fingerprint())
        }
    }

    fn text(&self, letter: &Letter) -> String {
        let Some(message) = letter.messages.first() else { return String::new() };
        if self.is_lines() {
            let mut value = message_json(message);
            value["conversation"] = json!(letter.conversation());
            value["fingerprint"] = json!(letter.fingerprint());
            return format!("{value}\n");
        }
        let owner = crate::ui::printable(&message.owner);
        format!("To {owner}:\n{}{}\n", plain(message, WIDTH), self.end(letter))
    }
}

/// The last letter of a conversation that a text holds is what counts: one that was taken back in between
/// is sent again.
fn holds(text: &str, letter: &Letter, end: &str, is_lines: bool) -> bool {
    let conversation = letter.conversation();
    let of_it = match is_lines {
        true => format!("\"conversation\":\"{conversation}\""),
        false => format!("-- {conversation} "),
    };
    let is_of_it = |line: &&str| if is_lines { line.contains(&of_it) } else { line.starts_with(&of_it) };
    text.split_inclusive('\n').rfind(is_of_it).is_some_and(|line| line.ends_with(end))
}

impl Channel for Appended {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        vec![Parcel { to: format!("the end of {}", self.name), body: self.text(letter) }]
    }

    fn look(&self, letter: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) if holds(&text, letter, &self.end(letter), self.is_lines()) => Ok(Sight::Same(self.name.clone())),
            _ => Ok(Sight::Nothing),
        }
    }

    fn send(&self, letter: &Letter, _: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        let failed = |error: std::io::Error| Fault::lasting(format!("{} cannot be written: {error}", self.name));
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path).map_err(failed)?;
        let mut text = self.text(letter);
        if !ends_with_newline(&mut file).map_err(failed)? {
            // A run that ended while it was writing left half a line.
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(Receipt::Sent(None))
    }
}

fn ends_with_newline(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
