//! Numbers and durations: where they end.

use super::{Lexer, is_alpha};
use crate::parser::token::Kind;

impl Lexer<'_> {
    pub(super) fn number_or_duration(&mut self) -> Result<Kind, String> {
        if self.scan_number() {
            return Ok(Kind::Number);
        }
        if self.scan_rest_of_duration() {
            return Ok(Kind::Duration);
        }
        Err(format!("bad number or duration syntax: {}", crate::text::quote(self.text())))
    }

    /// `[.]digits[.][digits][e[+-]digits]`, hexadecimal with `0x`, underscores between digits; nothing alphanumeric behind.
    fn scan_number(&mut self) -> bool {
        let mut is_hex = false;
        if self.accept(|char| char == '0') && self.accept(|char| char == 'x' || char == 'X') {
            self.accept(|char| char == '_');
            is_hex = true;
        }
        let digit = move |char: char| if is_hex { char.is_ascii_hexdigit() } else { char.is_ascii_digit() };
        let (mut got_dot, mut got_exponent) = (false, false);
        if self.accept(|char| char == '.') {
            got_dot = true;
        }
        loop {
            self.accept_run(digit);
            match self.peek() {
                Some('.') => {
                    self.bump();
                    if got_dot || is_hex || self.accept(|char| char == '_' || char == '.') {
                        return false;
                    }
                    got_dot = true;
                }
                Some('e' | 'E') => {
                    self.bump();
                    if got_exponent {
                        return false;
                    }
                    got_exponent = true;
                    self.accept(|char| char == '+' || char == '-');
                    if self.accept(|char| matches!(char, '.' | '_' | 'e' | 'E')) || self.peek().is_none() {
                        return false;
                    }
                }
                Some('_') => {
                    self.bump();
                    if self.accept(|char| matches!(char, '.' | '_' | 'e' | 'E')) || self.peek().is_none() {
                        return false;
                    }
                }
                _ => break,
            }
        }
        self.pos > self.start && !self.peek().is_some_and(|next| is_alpha(next) || next.is_ascii_digit())
    }

    /// The unit behind the digits that were read, and further parts; years only in front.
    fn scan_rest_of_duration(&mut self) -> bool {
        if !self.accept(|char| matches!(char, 's' | 'm' | 'h' | 'd' | 'w' | 'y')) {
            return false;
        }
        self.accept(|char| char == 's');
        while self.accept(|char| char.is_ascii_digit()) {
            self.accept_run(|char| char.is_ascii_digit());
            if !self.accept(|char| matches!(char, 's' | 'm' | 'h' | 'd' | 'w')) {
                return false;
            }
            self.accept(|char| char == 's');
        }
        // What is wrong with the unit is shown with it.
        !self.accept(|next| is_alpha(next) || next.is_ascii_digit())
    }
}
