//! Lines of a stream in batches: a bounded number of them is held, however long the stream is. It must
//! not know what a line says.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};

/// A line of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from one.
    pub number: u64,
    /// What stands in it.
    pub content: Content,
}

/// What stands in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text, without the end of the line.
    Text(String),
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// More bytes than a line may have.
    TooLong,
}

/// How much is held at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many bytes a line may have.
    pub line: usize,
    /// How many lines a batch has at most.
    pub lines: usize,
    /// After how many bytes a batch ends.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { line: 64 << 20, lines: 256, bytes: 8 << 20 }
    }
}

/// Reads a stream in a thread of its own, a few batches ahead of whoever takes them.
///
/// A batch ends where more would have to be waited for, so that each line is answered before the next
/// one is written, if that is how the other side works.
pub fn batches(stream: impl Read + Send + 'static, bounds: Bounds) -> Receiver<io::Result<Vec<Line>>> {
    const AHEAD: usize = 2;
    let (sender, receiver) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut lines = Lines { stream: BufReader::with_capacity(1 << 20, stream), number: 0, bounds };
        loop {
            let batch = lines.batch();
            let is_last = !matches!(&batch, Ok(batch) if !batch.is_empty());
            // Whoever took them has gone when sending fails.
            if sender.send(batch).is_err() || is_last {
                break;
            }
        }
    });
    receiver
}

struct Lines<R> {
    stream: BufReader<R>,
    number: u64,
    bounds: Bounds,
}

impl<R: Read> Lines<R> {
    /// The lines that are there, at least one; none at the end.
    fn batch(&mut self) -> io::Result<Vec<Line>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some((line, length)) = self.line()? {
            batch.push(line);
            bytes += length;
            let is_full = batch.len() >= self.bounds.lines || bytes >= self.bounds.bytes;
            if is_full || !self.stream.buffer().contains(&b'\n') {
                break;
            }
        }
        Ok(batch)
    }

    /// The next line and how many bytes it took; nothing at the end.
    fn line(&mut self) -> io::Result<Option<(Line, usize)>> {
        let mut bytes = Vec::new();
        let mut length = 0;
        loop {
            let there = match self.stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                there => there?,
            };
            if there.is_empty() {
                break;
            }
            let end = there.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(there.len(), |end| end + 1);
            let content = end.map_or(there, |end| &there[..end]);
            length += taken;
            // What is too long is read to its end and kept no longer.
            if length <= self.bounds.line {
                bytes.extend_from_slice(content);
            } else {
                bytes = Vec::new();
            }
            self.stream.consume(taken);
            if end.is_some() {
                break;
            }
        }
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let content = if length > self.bounds.line {
            Content::TooLong
        } else {
            String::from_utf8(bytes).map_or(Content::NotUtf8, Content::Text)
        };
        Ok(Some((Line { number: self.number, content }, length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stream: &'static [u8], bounds: Bounds) -> Vec<Vec<Line>> {
        batches(stream, bounds).into_iter().map(Result::unwrap).filter(|batch| !batch.is_empty()).collect()
    }

    fn contents(batches: &[Vec<Line>]) -> Vec<Content> {
        batches.iter().flatten().map(|line| line.content.clone()).collect()
    }

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn lines_are_numbered_and_lose_their_ends() {
        let lines = read(b"a\n\nb", Bounds::default());
        assert_eq!(contents(&lines), [text("a"), text(""), text("b")]);
        let numbers: Vec<u64> = lines.iter().flatten().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert!(read(b"", Bounds::default()).is_empty());
    }

    #[test]
    fn a_batch_ends_after_so_many_lines_or_bytes() {
        let sizes = |bounds| read(b"a\nb\nc\nd\ne\n", bounds).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(Bounds { lines: 2, ..Bounds::default() }), [2, 2, 1]);
        assert_eq!(sizes(Bounds { bytes: 5, ..Bounds::default() }), [3, 2]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let bounds = Bounds { line: 4, ..Bounds::default() };
        assert_eq!(contents(&read(b"abc\nabcdefgh\nx\n", bounds)), [text("abc"), Content::TooLong, text("x")]);
        assert_eq!(contents(&read(b"abcdefgh", bounds)), [Content::TooLong]);
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        assert_eq!(contents(&read(b"caf\xe9\nx", Bounds::default())), [Content::NotUtf8, text("x")]);
    }

    /// Gives one line, and fails the test if more is asked before that line was taken.
    #[test]
    fn a_line_is_handed_over_before_the_next_is_waited_for() {
        let (sender, receiver) = sync_channel::<Vec<u8>>(0);
        struct Pipe(Receiver<Vec<u8>>);
        impl Read for Pipe {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let Ok(bytes) = self.0.recv() else { return Ok(0) };
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
        }
        let lines = batches(Pipe(receiver), Bounds::default());
        for line in ["a", "b"] {
            sender.send(format!("{line}\n").into_bytes()).unwrap();
            assert_eq!(contents(&[lines.recv().unwrap().unwrap()]), [text(line)]);
        }
        drop(sender);
        assert_eq!(lines.recv().unwrap().unwrap(), []);
    }
}
