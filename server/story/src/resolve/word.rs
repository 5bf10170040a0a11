//! A view of the paste as words: runs of ASCII letters and digits, with what stands between them.

use telltale_model::id::{decode_hex, hex_digit};

use super::work::looked_at;

/// One run of letters and digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// The run, without a leading `0x` or PostgreSQL's `\x`.
    pub text: &'a str,
    /// Offset of its first byte, the prefix included.
    pub start: usize,
    /// Offset after its last byte.
    pub end: usize,
    /// Line, from 0.
    pub line: u32,
    /// Whether `0x` or `\x` was taken off.
    pub prefixed: bool,
}

impl Word<'_> {
    /// Whether the word is hex, of at least `min` and at most `max` digits.
    pub(super) fn is_hex(&self, min: usize, max: usize) -> bool {
        (min..=max).contains(&self.text.len()) && self.text.bytes().all(|byte| hex_digit(byte).is_some())
    }

    /// Whether the word is decimal, of at least `min` and at most `max` digits.
    pub(super) fn is_decimal(&self, min: usize, max: usize) -> bool {
        !self.prefixed && (min..=max).contains(&self.text.len()) && self.text.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Reads hex of at most `2 * N` digits, padded with zeros on the left.
    pub(super) fn padded<const N: usize>(&self) -> Option<[u8; N]> {
        if !self.is_hex(1, N * 2) {
            return None;
        }
        decode_hex::<N>(&format!("{:0>width$}", self.text, width = N * 2)).ok()
    }
}

/// The words of one text.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// The whole text.
    pub text: &'a str,
    /// Its words in order.
    pub words: Vec<Word<'a>>,
    /// Whether no percent sign in the text starts an escape.
    pub plain: bool,
}

impl<'a> View<'a> {
    /// Splits a text into words.
    pub(super) fn new(text: &'a str, plain: bool) -> Self {
        looked_at(text.len());
        let mut words = Vec::new();
        let mut start = None;
        let mut line = 0;
        for (offset, byte) in text.bytes().enumerate() {
            if byte.is_ascii_alphanumeric() {
                start.get_or_insert(offset);
                continue;
            }
            if let Some(start) = start.take() {
                words.extend(word(text, start, offset, line));
            }
            line += u32::from(byte == b'\n');
        }
        if let Some(start) = start {
            words.extend(word(text, start, text.len(), line));
        }
        Self { text, words, plain }
    }

    /// Returns a word.
    pub(super) fn word(&self, index: usize) -> Option<Word<'a>> {
        self.words.get(index).copied()
    }

    /// Returns what stands between word `index` and the next; empty after the last.
    pub(super) fn between(&self, index: usize) -> &'a str {
        match (self.words.get(index), self.words.get(index + 1)) {
            (Some(left), Some(right)) => self.text.get(left.end..right.start).unwrap_or(""),
            _ => "",
        }
    }

    /// Returns word `index + 1` when exactly `separator` stands before it.
    pub(super) fn after(&self, index: usize, separator: &str) -> Option<Word<'a>> {
        if self.between(index) == separator { self.word(index + 1) } else { None }
    }

    /// Returns the byte before an offset.
    pub(super) fn byte_before(&self, offset: usize) -> Option<u8> {
        offset.checked_sub(1).and_then(|at| self.text.as_bytes().get(at)).copied()
    }

    /// Whether the word is all there is, but for quotes, brackets and spaces.
    pub(super) fn is_bare(&self) -> bool {
        self.words.len() == 1
    }
}

/// Builds the word of a run, without its hex prefix.
fn word(text: &str, start: usize, end: usize, line: u32) -> Option<Word<'_>> {
    let run = text.get(start..end)?;
    let after_backslash = start.checked_sub(1).and_then(|at| text.as_bytes().get(at)) == Some(&b'\\');
    let stripped =
        if after_backslash { run.strip_prefix('x') } else { run.strip_prefix("0x").or_else(|| run.strip_prefix("0X")) };
    let hex = stripped.filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| hex_digit(byte).is_some()));
    Some(Word { text: hex.unwrap_or(run), start, end, line, prefixed: hex.is_some() })
}
