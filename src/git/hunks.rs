//! Which lines of a text differ from those of another. It must not know what the lines mean.

use git2::{DiffOptions, Patch};

/// Lines that differ, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The first of the new lines; where there are none, the line before the place where lines are gone.
    pub line: u32,
    /// The lines that are new.
    pub added: Vec<String>,
    /// The lines that are gone.
    pub removed: Vec<String>,
}

/// What differs between two texts, from the first line on; nothing where git's library takes one of them for no text.
#[must_use]
pub fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let mut options = DiffOptions::new();
    options.context_lines(0).force_text(true);
    let patch = Patch::from_buffers(before.as_bytes(), None, after.as_bytes(), None, Some(&mut options));
    let Ok(patch) = patch else { return Vec::new() };
    (0..patch.num_hunks()).filter_map(|number| read(&patch, number)).collect()
}

fn read(patch: &Patch<'_>, number: usize) -> Option<Hunk> {
    let (head, lines) = patch.hunk(number).ok()?;
    let mut hunk = Hunk { line: head.new_start().max(1), added: Vec::new(), removed: Vec::new() };
    for place in 0..lines {
        let line = patch.line_in_hunk(number, place).ok()?;
        let text = String::from_utf8_lossy(line.content()).trim_end().to_owned();
        match line.origin() {
            '+' => hunk.added.push(text),
            '-' => hunk.removed.push(text),
            _ => {}
        }
    }
    Some(hunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_has_its_line_in_the_new_text() {
        let shown = |before: &str, after: &str| {
            let shown = |hunk: &Hunk| format!("{}:-{}+{}", hunk.line, hunk.removed.join("|"), hunk.added.join("|"));
            hunks(before, after).iter().map(shown).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("a\nb\nc\n", "a\nx\ny\nc\n"), "2:-b+x|y");
        assert_eq!(shown("a\nb\nc\n", "a\nc\nd"), "1:-b+ 3:-+d");
        assert_eq!(shown("a\nb\n", "b\n"), "1:-a+");
        assert_eq!(shown("", "a\n"), "1:-+a");
        assert_eq!(shown("a\n", ""), "1:-a+");
        assert_eq!(shown("a\n", "a\n"), "");
    }
}
