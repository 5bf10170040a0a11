//! A stream of JSON values, one at a time: JSON lines, values one after another, and the elements of a list around all.
//!
//! Memory holds one value. A value that does not end (a broken record swallows what follows) is handed out as far as it
//! goes, so that the caller can look for whole lines in it.

use std::io::{self, Read};

use super::scan::skip_space;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// One step through the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An object or a list.
    Value(Piece),
    /// Something else, up to the end of its line.
    Junk(Piece),
    /// A value beyond the limit, which was stepped over; the piece has no text.
    TooLarge(Piece),
}

/// A piece of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: Vec<u8>,
    /// Bytes before it.
    pub(super) byte: u64,
    /// Its line, from 1.
    pub(super) line: u64,
    /// Its position in the list around it.
    pub(super) element: Option<u64>,
    /// Why it ends before it is closed.
    pub(super) cut: Option<&'static str>,
}

/// The reader.
pub(super) struct Values<R> {
    reader: R,
    buffer: Vec<u8>,
    byte: u64,
    line: u64,
    is_at_end: bool,
    /// Position of the next element, inside a list around all values.
    element: Option<u64>,
    limit_bytes: usize,
}

/// Where a scan stands inside a value.
#[derive(Default)]
struct Scan {
    at: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// How a scan ends.
enum End {
    Closed,
    Cut(&'static str),
    More,
}

impl Scan {
    /// Goes on until the value is closed or the text is used up.
    fn go_on(&mut self, text: &[u8]) -> End {
        while let Some(byte) = text.get(self.at) {
            self.at += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                // JSON has no line end inside a string: the record is broken here, and the next line is another.
                b'\n' if self.in_string => {
                    self.at -= 1;
                    return End::Cut("a line ends inside a string");
                }
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return End::Closed;
                    }
                }
                _ => {}
            }
        }
        End::More
    }
}

impl<R: Read> Values<R> {
    pub(super) fn new(reader: R, limit_bytes: usize) -> Self {
        Self { reader, buffer: Vec::new(), byte: 0, line: 1, is_at_end: false, element: None, limit_bytes }
    }

    /// Returns how far the reader is, for faults of the source.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.byte, self.line)
    }

    /// Returns the next step, or `None` at the end.
    ///
    /// # Errors
    /// The source failed, such as damaged compressed data.
    pub(super) fn next(&mut self) -> io::Result<Option<Step>> {
        loop {
            self.skip_between()?;
            match self.buffer.first().copied() {
                None => return Ok(None),
                Some(b'[') if self.element.is_none() => {
                    self.consume(1);
                    self.element = Some(0);
                }
                Some(b']') if self.element.is_some() => {
                    self.consume(1);
                    self.element = None;
                }
                Some(b'{' | b'[') => return self.value().map(Some),
                Some(_) => return self.junk().map(Some),
            }
        }
    }

    /// Steps over white space, a byte order mark and commas.
    fn skip_between(&mut self) -> io::Result<()> {
        loop {
            if self.byte == 0 && self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.consume(3);
            }
            let mut at = skip_space(&self.buffer, 0);
            while self.buffer.get(at) == Some(&b',') {
                at = skip_space(&self.buffer, at + 1);
            }
            self.consume(at);
            if !self.buffer.is_empty() || !self.fill()? {
                return Ok(());
            }
        }
    }

    fn value(&mut self) -> io::Result<Step> {
        let mut scan = Scan::default();
        loop {
            match scan.go_on(&self.buffer) {
                End::Closed => return Ok(Step::Value(self.take(scan.at, None))),
                End::Cut(reason) => return Ok(Step::Value(self.take(scan.at, Some(reason)))),
                End::More if self.buffer.len() > self.limit_bytes => return self.too_large(scan),
                End::More => {
                    if !self.fill()? {
                        return Ok(Step::Value(self.take(self.buffer.len(), Some("the file ends inside of it"))));
                    }
                }
            }
        }
    }

    /// Gives up on a value: hands out its whole lines when it may be a broken record that swallowed others, else steps
    /// over it.
    fn too_large(&mut self, mut scan: Scan) -> io::Result<Step> {
        let last_line = self.buffer.windows(2).rposition(|pair| pair == b"\n{");
        if let Some(end) = last_line {
            return Ok(Step::Value(self.take(end + 1, Some("it is not closed within the size limit"))));
        }
        let piece = self.take(0, None);
        loop {
            let end = scan.go_on(&self.buffer);
            self.consume(scan.at);
            scan.at = 0;
            if !matches!(end, End::More) || !self.fill()? {
                return Ok(Step::TooLarge(piece));
            }
        }
    }

    /// Takes what is no value, up to a line that begins like one.
    fn junk(&mut self) -> io::Result<Step> {
        let mut text = Vec::new();
        let (byte, line) = (self.byte, self.line);
        loop {
            let end = self.buffer.windows(2).position(|pair| matches!(pair, [b'\n', b'{' | b'[' | b']']));
            let taken = end.map_or(self.buffer.len(), |end| end + 1);
            let kept = self.buffer.get(..taken.min(CHUNK_BYTES.saturating_sub(text.len()))).unwrap_or_default();
            text.extend_from_slice(kept);
            let last_is_line_end = taken == self.buffer.len() && self.buffer.last() == Some(&b'\n');
            self.consume(taken);
            if end.is_some() || !self.fill()? {
                break;
            }
            if last_is_line_end && matches!(self.buffer.first(), Some(b'{' | b'[')) {
                break;
            }
        }
        Ok(Step::Junk(Piece { text, byte, line, element: self.element, cut: None }))
    }

    /// Takes `length` bytes out of the buffer.
    fn take(&mut self, length: usize, cut: Option<&'static str>) -> Piece {
        let text = self.buffer.get(..length).unwrap_or_default().to_vec();
        let piece = Piece { text, byte: self.byte, line: self.line, element: self.element, cut };
        self.consume(length);
        self.element = self.element.map(|at| at + 1);
        piece
    }

    fn consume(&mut self, length: usize) {
        let gone = self.buffer.drain(..length.min(self.buffer.len()));
        let (bytes, lines) = gone.fold((0, 0), |(bytes, lines), byte| (bytes + 1, lines + u64::from(byte == b'\n')));
        self.byte += bytes;
        self.line += lines;
    }

    /// Reads more; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        let read = self.reader.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut self.buffer)?;
        self.is_at_end = read == 0;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A source that gives one byte at a time, so that every boundary falls inside of something.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let (Some(place), Some((first, rest))) = (out.first_mut(), self.0.split_first()) else { return Ok(0) };
            *place = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn steps(text: &[u8], limit: usize) -> Vec<Step> {
        let mut values = Values::new(Slow(text), limit);
        std::iter::from_fn(|| values.next().unwrap()).collect()
    }

    fn told(step: &Step) -> String {
        let (word, piece) = match step {
            Step::Value(piece) => ("value", piece),
            Step::Junk(piece) => ("junk", piece),
            Step::TooLarge(piece) => ("large", piece),
        };
        let text = String::from_utf8_lossy(&piece.text).into_owned();
        format!("{word} {}:{}{} {text:?}", piece.line, piece.byte, if piece.cut.is_some() { " cut" } else { "" })
    }

    #[test]
    fn lines_lists_and_values_one_after_another() {
        let text = b"\xef\xbb\xbf{\"a\":\"}\\\"\"}\n{}{\"b\":[1]}\n[{\"c\":1},\n[2]]\n{\n}\n";
        let told: Vec<String> = steps(text, 1_000).iter().map(told).collect();
        assert_eq!(
            told,
            [
                r#"value 1:3 "{\"a\":\"}\\\"\"}""#,
                r#"value 2:15 "{}""#,
                r#"value 2:17 "{\"b\":[1]}""#,
                r#"value 3:28 "{\"c\":1}""#,
                r#"value 4:37 "[2]""#,
                r#"value 5:42 "{\n}""#,
            ]
        );
    }

    #[test]
    fn what_is_broken_does_not_swallow_its_neighbours() {
        let told: Vec<String> =
            steps(b"{}\noops\nmore\n{\"a\":\"x\n{\"b\":1}\n{\"c\":[", 1_000).iter().map(told).collect();
        assert_eq!(
            told,
            [
                r#"value 1:0 "{}""#,
                r#"junk 2:3 "oops\nmore\n""#,
                r#"value 4:13 cut "{\"a\":\"x""#,
                r#"value 5:21 "{\"b\":1}""#,
                r#"value 6:29 cut "{\"c\":[""#,
            ]
        );
    }

    #[test]
    fn a_value_beyond_the_limit_is_stepped_over() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(200_000));
        let text = format!("{{\"first\":1}}\n{large}\n{{\"last\":1}}");
        let mut values = Values::new(text.as_bytes(), 1_000);
        let told: Vec<String> = std::iter::from_fn(|| values.next().unwrap()).map(|step| told(&step)).collect();
        assert_eq!(told[0], r#"value 1:0 "{\"first\":1}""#);
        assert_eq!((told[1].as_str(), told.len()), (r#"large 2:12 """#, 3));
        assert!(told[2].ends_with(r#""{\"last\":1}""#), "{told:?}");
    }

    proptest! {
        /// Scenario: any bytes. Guarantees: every byte is in one piece or between two, in order, and it ends.
        #[test]
        fn nothing_is_lost(bytes in prop::collection::vec(prop::sample::select(&b"{}[]\",\\ a\n"[..]), 0..80)) {
            let mut last = 0;
            for step in steps(&bytes, 40) {
                let (Step::Value(piece) | Step::Junk(piece) | Step::TooLarge(piece)) = step;
                let at = usize::try_from(piece.byte).unwrap();
                prop_assert!(at >= last);
                prop_assert_eq!(&bytes[at..at + piece.text.len()], &piece.text[..]);
                last = at + piece.text.len();
            }
        }
    }
}
