//! Bytes to text, and places in a text.

use headsup_lineage::diagnostic::{Diagnostic, Position};

/// How the file begins that Git LFS commits in place of the content.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// Decodes a file that ought to be text; UTF-16 with a byte-order mark is text too.
///
/// # Errors
/// A diagnostic, without a path, if the bytes are binary or not UTF-8.
pub fn decode(bytes: Vec<u8>) -> Result<String, Diagnostic> {
    if let Some(text) = utf16(&bytes) {
        return Ok(text);
    }
    if bytes.starts_with(LFS_POINTER) {
        return Err(Diagnostic::error("lfs-pointer", "the file is a Git LFS pointer, not its content")
            .hint("run `git lfs pull` and compare directories: dir:PATH"));
    }
    match String::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => {
            Err(Diagnostic::error("binary-file", "the file is binary, not text")
                .hint("leave it out of the project's path"))
        }
        Ok(text) => Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            if bytes.contains(&0) {
                return Err(Diagnostic::error("binary-file", "the file is binary, not text")
                    .hint("leave it out of the project's path"));
            }
            let before = String::from_utf8_lossy(&bytes[..valid]);
            Err(Diagnostic::error("not-utf8", format!("byte {valid} (0x{:02x}) is not UTF-8", bytes[valid]))
                .at(position(&before, before.len()))
                .hint("save the file as UTF-8, for instance with `iconv -f latin1 -t utf-8`"))
        }
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let decode: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| decode([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok()
}

/// Whether a character turns the direction in which the text around it is shown, so that it can make a
/// name look like another.
#[must_use]
pub const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The place of a byte offset in a text.
#[must_use]
pub fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Position::new(number(before.matches('\n').count() + 1), number(before[start..].chars().count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decode("\u{feff}select 1".into()).unwrap(), "select 1");
        assert_eq!(decode(vec![0xff, 0xfe, b'a', 0, b'b', 0]).unwrap(), "ab");
    }

    #[test]
    fn latin1_is_told_with_its_place() {
        let diagnostic = decode(b"select 1\n-- caf\xe9".to_vec()).unwrap_err();
        assert_eq!(diagnostic.code, "not-utf8");
        assert_eq!(diagnostic.position, Some(Position::new(2, 7)));
    }

    #[test]
    fn a_zero_byte_makes_a_file_binary() {
        assert_eq!(decode(b"PAR1\0\x01".to_vec()).unwrap_err().code, "binary-file");
        assert_eq!(decode(b"\x89PNG\r\n\x1a\n\0".to_vec()).unwrap_err().code, "binary-file");
    }

    #[test]
    fn places_count_characters_from_one() {
        assert_eq!(position("é\nab", 4), Position::new(2, 2));
        assert_eq!(position("", 0), Position::START);
    }
}
