//! The syntax of JSON (RFC 8259): one token after the other, with the offset of every fault.
//!
//! Strings come as bytes: what is not UTF-8 is passed on as it is, so that the storage's repair treats both encodings
//! alike. Skipping a value does not recurse, however deep it is.

use std::borrow::Cow;

/// Broken syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) offset: usize,
    pub(super) message: &'static str,
}

/// What a value begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    Null,
}

impl Start {
    /// Returns the word for a message.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::True | Self::False => "a boolean",
            Self::Null => "null",
        }
    }
}

/// A place in a JSON text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    pub(super) offset: usize,
}

impl<'a> Cursor<'a> {
    /// Begins at the start, behind a byte order mark if there is one.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, offset: if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 } }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.offset).copied()
    }

    pub(super) const fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError { offset: self.offset, message }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.offset += 1;
        }
    }

    /// Returns what the next value begins with, without taking it.
    pub(super) fn start(&mut self) -> Result<Start, SyntaxError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => Ok(Start::Object),
            Some(b'[') => Ok(Start::Array),
            Some(b'"') => Ok(Start::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Start::Number),
            Some(b't') => Ok(Start::True),
            Some(b'f') => Ok(Start::False),
            Some(b'n') => Ok(Start::Null),
            Some(_) => Err(self.error("expected a JSON value")),
            None => Err(self.error("the text ends where a value should be")),
        }
    }

    /// Takes the punctuation `byte` if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    /// Takes `:` after a key.
    pub(super) fn colon(&mut self) -> Result<(), SyntaxError> {
        if self.take(b':') { Ok(()) } else { Err(self.error("expected ':' after a key")) }
    }

    /// Takes `,` or the closing `end`; `true`: the list is over.
    pub(super) fn comma_or(&mut self, end: u8) -> Result<bool, SyntaxError> {
        if self.take(end) {
            return Ok(true);
        }
        if self.take(b',') {
            return Ok(false);
        }
        Err(self.error(if end == b'}' { "expected ',' or '}'" } else { "expected ',' or ']'" }))
    }

    /// Takes `true`, `false` or `null`.
    pub(super) fn word(&mut self, start: Start) -> Result<(), SyntaxError> {
        let word: &[u8] = match start {
            Start::True => b"true",
            Start::False => b"false",
            _ => b"null",
        };
        if !self.text.get(self.offset..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.error("expected true, false or null"));
        }
        self.offset += word.len();
        Ok(())
    }

    /// Takes a number and returns its text.
    pub(super) fn number(&mut self) -> Result<&'a str, SyntaxError> {
        let begin = self.offset;
        self.offset += usize::from(self.peek() == Some(b'-'));
        if !(self.take_zero() || self.digits()) {
            return Err(self.error("expected a digit"));
        }
        if self.peek() == Some(b'.') {
            self.offset += 1;
            if !self.digits() {
                return Err(self.error("expected a digit after '.'"));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.offset += 1;
            self.offset += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if !self.digits() {
                return Err(self.error("expected a digit in the exponent"));
            }
        }
        let text = self.text.get(begin..self.offset).unwrap_or_default();
        std::str::from_utf8(text).map_err(|_| self.error("expected a number"))
    }

    /// Takes the lone zero that a number may begin with.
    fn take_zero(&mut self) -> bool {
        let found = self.peek() == Some(b'0');
        self.offset += usize::from(found);
        found
    }

    fn digits(&mut self) -> bool {
        let begin = self.offset;
        while let Some(b'0'..=b'9') = self.peek() {
            self.offset += 1;
        }
        self.offset > begin
    }

    /// Takes a string and returns its content.
    pub(super) fn string(&mut self) -> Result<Cow<'a, [u8]>, SyntaxError> {
        if !self.take(b'"') {
            return Err(self.error("expected a string"));
        }
        let begin = self.offset;
        self.plain()?;
        let plain = self.text.get(begin..self.offset).unwrap_or_default();
        if self.peek() == Some(b'"') {
            self.offset += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut content = plain.to_vec();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(Cow::Owned(content));
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    content.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => {
                    let begin = self.offset;
                    self.plain()?;
                    content.extend_from_slice(self.text.get(begin..self.offset).unwrap_or_default());
                }
            }
        }
    }

    /// Takes what needs no unescaping, up to a quote or a backslash.
    fn plain(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.peek() {
                None => return Err(self.error("the text ends inside a string")),
                Some(b'"' | b'\\') => return Ok(()),
                Some(0..0x20) => return Err(self.error("control characters in a string must be escaped")),
                Some(_) => self.offset += 1,
            }
        }
    }

    /// Takes an escape; half a surrogate pair becomes U+FFFD.
    fn escape(&mut self) -> Result<char, SyntaxError> {
        self.offset += 1;
        let letter = self.peek().ok_or_else(|| self.error("the text ends inside a string"))?;
        self.offset += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.error("no such escape in JSON")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, SyntaxError> {
        let first = self.four_hex()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let mut ahead = *self;
        if (0xd800..0xdc00).contains(&first) && ahead.peek() == Some(b'\\') {
            ahead.offset += 1;
            if ahead.peek() == Some(b'u') {
                ahead.offset += 1;
                let second = ahead.four_hex()?;
                if (0xdc00..0xe000).contains(&second) {
                    *self = ahead;
                    let combined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    return Ok(char::from_u32(combined).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_hex(&mut self) -> Result<u32, SyntaxError> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            value = value * 16 + digit.ok_or_else(|| self.error("expected four hex digits after \\u"))?;
            self.offset += 1;
        }
        Ok(value)
    }

    /// Takes a value of any kind and depth.
    pub(super) fn skip(&mut self) -> Result<(), SyntaxError> {
        let mut open = Vec::new();
        loop {
            let start = self.start()?;
            match start {
                Start::Object => {
                    self.offset += 1;
                    if !self.take(b'}') {
                        open.push(b'}');
                        self.key()?;
                        continue;
                    }
                }
                Start::Array => {
                    self.offset += 1;
                    if !self.take(b']') {
                        open.push(b']');
                        continue;
                    }
                }
                Start::Text => drop(self.string()?),
                Start::Number => drop(self.number()?),
                word => self.word(word)?,
            }
            // A value is complete; close what ends with it.
            loop {
                let Some(end) = open.last().copied() else { return Ok(()) };
                if !self.comma_or(end)? {
                    break;
                }
                open.pop();
            }
            if open.last() == Some(&b'}') {
                self.key()?;
            }
        }
    }

    /// Takes a key and its colon.
    fn key(&mut self) -> Result<(), SyntaxError> {
        self.string()?;
        self.colon()
    }

    /// Checks that only space follows.
    pub(super) fn end(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.offset == self.text.len() { Ok(()) } else { Err(self.error("more text after the end of the request")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn skips(text: &[u8]) -> Result<(), SyntaxError> {
        let mut cursor = Cursor::new(text);
        cursor.skip()?;
        cursor.end()
    }

    proptest! {
        #[test]
        fn what_is_json_is_as_serde_says(text in r#"[ \[\]{}:,"\\a-f0-9.eE+\-tnru]{0,24}"#) {
            let ours = skips(text.as_bytes()).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // serde refuses half surrogates and numbers beyond double; we do not.
            let lenient = theirs.as_ref().err().is_some_and(|error| {
                let error = error.to_string();
                error.contains("surrogate") || error.contains("hex escape") || error.contains("out of range")
            });
            prop_assert!(ours == theirs.is_ok() || (ours && lenient), "{text:?}: ours {ours}, serde {theirs:?}");
        }

        #[test]
        fn strings_are_unescaped_as_serde_does(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let mut cursor = Cursor::new(json.as_bytes());
            let content = cursor.string().unwrap();
            prop_assert_eq!(content.as_ref(), text.as_bytes());
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let mut text = vec![b'['; 1_000_000];
        text.extend(vec![b']'; 1_000_000]);
        assert_eq!(skips(&text), Ok(()));
        text.pop();
        assert_eq!(skips(&text), Err(SyntaxError { offset: 1_999_999, message: "expected ',' or ']'" }));
    }

    #[test]
    fn surrogates_pair_up_or_become_the_replacement_character() {
        let mut cursor = Cursor::new(br#""\ud83d\ude00\ud83d!\ude00""#);
        assert_eq!(cursor.string().unwrap().as_ref(), "😀\u{fffd}!\u{fffd}".as_bytes());
    }
}
