//! Splits a text into words: lower-cased runs of letters and digits, and single characters of the scripts that are
//! written without spaces. A word is cut at `limits::TOKEN_BYTES_MAX` bytes.

use std::ops::ControlFlow;

use crate::limits::TOKEN_BYTES_MAX;

/// Calls `visit` with every word of `text`, in order, until it breaks.
///
/// Words are lower-cased by Unicode's rules. What is neither a letter nor a digit separates words and is dropped.
pub fn for_each_token(text: &str, mut visit: impl FnMut(&str) -> ControlFlow<()>) {
    let mut word = Word::default();
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        // Nearly everything is ASCII, of which a byte is a character.
        let is_word = first.is_ascii_alphanumeric();
        let is_same = |byte: &u8| byte.is_ascii() && byte.is_ascii_alphanumeric() == is_word;
        let run = rest.as_bytes().iter().take_while(|byte| is_same(byte)).count();
        let Some((text, after)) = rest.split_at_checked(run) else { return };
        let flow = if is_word && after.bytes().next().is_none_or(|next| next.is_ascii()) {
            rest = after;
            word.ascii(text, &mut visit)
        } else if first.is_ascii() && !is_word {
            rest = after;
            ControlFlow::Continue(())
        } else {
            word.characters(&mut rest, &mut visit)
        };
        if flow.is_break() {
            return;
        }
    }
}

/// Returns every word of `text`, in order.
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for_each_token(text, |token| {
        out.push(token.to_owned());
        ControlFlow::Continue(())
    });
    out
}

/// A word that is being read.
#[derive(Default)]
struct Word {
    text: String,
    is_full: bool,
}

impl Word {
    /// Reads a word of ASCII letters and digits.
    fn ascii(&mut self, text: &str, visit: &mut impl FnMut(&str) -> ControlFlow<()>) -> ControlFlow<()> {
        if text.len() <= TOKEN_BYTES_MAX && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return visit(text);
        }
        text.chars().for_each(|character| self.push(character));
        self.end(visit)
    }

    /// Reads words character by character, until an ASCII character separates or `rest` is at its end.
    fn characters(&mut self, rest: &mut &str, visit: &mut impl FnMut(&str) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut characters = rest.chars();
        for character in characters.by_ref() {
            if !character.is_alphanumeric() {
                self.end(visit)?;
                if character.is_ascii() {
                    break;
                }
            } else if stands_alone(character) {
                self.end(visit)?;
                self.push(character);
                self.end(visit)?;
            } else {
                self.push(character);
            }
        }
        *rest = characters.as_str();
        self.end(visit)
    }

    fn push(&mut self, character: char) {
        if character.is_ascii() {
            self.push_lower(character.to_ascii_lowercase());
        } else {
            character.to_lowercase().for_each(|lower| self.push_lower(lower));
        }
    }

    fn push_lower(&mut self, lower: char) {
        // Once a character did not fit, a shorter one after it must not slip in.
        self.is_full |= self.text.len() + lower.len_utf8() > TOKEN_BYTES_MAX;
        if !self.is_full {
            self.text.push(lower);
        }
    }

    fn end(&mut self, visit: &mut impl FnMut(&str) -> ControlFlow<()>) -> ControlFlow<()> {
        if self.text.is_empty() {
            return ControlFlow::Continue(());
        }
        let flow = visit(&self.text);
        self.text.clear();
        self.is_full = false;
        flow
    }
}

/// Tells whether a character is a word of its own: kana, CJK ideographs and Hangul syllables.
const fn stands_alone(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_lower_case_runs_and_cjk_characters_stand_alone() {
        for (text, expected) in [
            ("Connection REFUSED: 10.0.0.1:5432", vec!["connection", "refused", "10", "0", "0", "1", "5432"]),
            ("user_id=Ünïcode", vec!["user", "id", "ünïcode"]),
            ("支払いError失敗", vec!["支", "払", "い", "error", "失", "敗"]),
            ("결제 실패", vec!["결", "제", "실", "패"]),
            ("  --- ", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_is_cut_at_the_limit_and_never_inside_a_character() {
        let fits = "a".repeat(TOKEN_BYTES_MAX);
        assert_eq!(tokens(&fits), [fits.as_str()]);
        assert_eq!(tokens(&format!("{fits}b")), [fits.as_str()]);
        let two_byte = format!("{}éa", "a".repeat(TOKEN_BYTES_MAX - 1));
        assert_eq!(tokens(&two_byte), ["a".repeat(TOKEN_BYTES_MAX - 1)]);
    }

    /// What words are, character by character.
    fn by_character(text: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        for character in text.chars() {
            if !character.is_alphanumeric() || stands_alone(character) {
                words.push(String::new());
            }
            if character.is_alphanumeric() {
                words.last_mut().unwrap().extend(character.to_lowercase());
            }
            if stands_alone(character) {
                words.push(String::new());
            }
        }
        for word in &mut words {
            let mut end = word.len().min(TOKEN_BYTES_MAX);
            while !word.is_char_boundary(end) {
                end -= 1;
            }
            word.truncate(end);
        }
        words.retain(|word| !word.is_empty());
        words
    }

    proptest! {
        #[test]
        fn words_are_what_they_are_character_by_character(
            text in prop_oneof!["[A-Za-z0-9 .:éßİ支_-]{0,40}", "[aB9]{60,70}é?[ .]?[a支]{0,4}", any::<String>()],
        ) {
            prop_assert_eq!(tokens(&text), by_character(&text));
        }

        #[test]
        fn tokens_are_bounded_never_empty_and_blind_to_case(text in any::<String>()) {
            for token in tokens(&text) {
                prop_assert!(!token.is_empty() && token.len() <= TOKEN_BYTES_MAX);
            }
            let ascii: String = text.chars().filter(char::is_ascii).collect();
            prop_assert_eq!(tokens(&ascii.to_ascii_uppercase()), tokens(&ascii));
        }
    }
}
