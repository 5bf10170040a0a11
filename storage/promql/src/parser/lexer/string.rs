//! Quoted texts: where they end, and that their escapes can be read.

use super::Lexer;

impl Lexer<'_> {
    /// Reads up to the closing quote; the opening one has been read.
    pub(super) fn string(&mut self, quote: char) -> Result<(), String> {
        loop {
            match self.bump() {
                None if quote == '`' => return Err("unterminated raw string".to_owned()),
                None => return Err("unterminated quoted string".to_owned()),
                Some('\n') if quote != '`' => return Err("unterminated quoted string".to_owned()),
                Some('\\') if quote != '`' => self.escape(quote)?,
                Some(char) if char == quote => return Ok(()),
                // The replacement character is what invalid input was turned into before it came here.
                Some('\u{fffd}') => return Err("invalid UTF-8 rune".to_owned()),
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self, quote: char) -> Result<(), String> {
        let (digits, base, max) = match self.bump() {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\') => return Ok(()),
            Some(char) if char == quote => return Ok(()),
            Some('0'..='7') => {
                self.pos -= 1;
                (3, 8, 255)
            }
            Some('x') => (2, 16, 255),
            Some('u') => (4, 16, 0x10_ffff),
            Some('U') => (8, 16, 0x10_ffff),
            None => return Err("escape sequence not terminated".to_owned()),
            Some(char) => return Err(format!("unknown escape sequence {}", unicode(char))),
        };
        let mut value: u32 = 0;
        for _ in 0..digits {
            let char = self.bump().ok_or("escape sequence not terminated")?;
            let digit = char.to_digit(base);
            let digit = digit.ok_or_else(|| format!("illegal character {} in escape sequence", unicode(char)))?;
            value = value.wrapping_mul(base).wrapping_add(digit);
        }
        if value > max || (0xd800..0xe000).contains(&value) {
            return Err("escape sequence is an invalid Unicode code point".to_owned());
        }
        Ok(())
    }
}

/// `U+0064 'd'`
fn unicode(char: char) -> String {
    format!("U+{:04X} '{char}'", u32::from(char))
}
