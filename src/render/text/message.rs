//! A message as plain text: a line each, behind labels of nine characters.

use super::{Page, Sheet};
use crate::message::{Line, Message};
use crate::render::message::headline;

/// What stands before the text of a line.
const LABEL: usize = 9;

/// A message for a page so many characters wide.
#[must_use]
pub fn message(message: &Message, width: usize) -> String {
    let page = Page { width, ..Page::default() };
    let mut sheet = Sheet::new(&page);
    sheet.hanging("", 2, &headline(message));
    let mut text = sheet.finish();
    text.push_str(&message_lines(&message.lines(), width));
    if let Some(link) = &message.occasion.link {
        text.push_str(&format!("{}{}\n", " ".repeat(LABEL), crate::ui::printable(link)));
    }
    text
}

/// Lines of a message, wrapped.
pub(in crate::render) fn message_lines(lines: &[Line], width: usize) -> String {
    let page = Page { width, ..Page::default() };
    let mut sheet = Sheet::new(&page);
    for line in lines {
        sheet.hanging(&format!("{:<LABEL$}", line.label), LABEL, &line.text.replace('\n', " "));
        if let Some(link) = &line.link {
            sheet.line(&[(None, &" ".repeat(LABEL)), (None, link)]);
        }
    }
    sheet.finish()
}
