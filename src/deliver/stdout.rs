//! Standard output, for trying out and for scripts.

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::{Fault, Letter};
use crate::render::message::plain;
use crate::render::to_stdout;

/// How wide the text is.
const WIDTH: usize = 80;

/// Standard output.
pub(super) struct Stdout;

fn text(letter: &Letter) -> String {
    let texts: Vec<String> = letter
        .messages
        .iter()
        .map(|message| format!("To {}:\n{}\n", crate::ui::printable(&message.owner), plain(message, WIDTH)))
        .collect();
    texts.concat()
}

impl Channel for Stdout {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        vec![Parcel { to: "standard output".to_owned(), body: text(letter) }]
    }

    fn look(&self, _: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        Ok(Sight::Nothing)
    }

    fn send(&self, letter: &Letter, _: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        to_stdout(&text(letter)).map_err(|_| Fault::passing("standard output cannot be written"))?;
        Ok(Receipt::Sent(None))
    }
}
