//! What stands for a secret: `[redacted:RULE:DIGITS]`.
//!
//! The digits are a keyed hash: the same value in one export has the same digits, another export has others, and without
//! the key no list of guesses finds the value again. Twelve digits keep a million values apart.

use sha2::{Digest as _, Sha256};

/// What every token begins with.
const OPEN: &str = "[redacted:";
/// Hex digits of the hash.
const DIGITS: usize = 12;
/// Bytes of a rule's name.
pub(super) const NAME_BYTES_MAX: usize = 32;

/// The secret of one export.
#[derive(Clone, Copy)]
pub(super) struct Key(pub(super) [u8; 32]);

impl Key {
    /// Returns what stands for a value.
    pub(super) fn token(&self, rule: &str, value: &[u8]) -> String {
        // Two passes with the key outside: a prefix of the value tells nothing of the hash.
        let inner = Sha256::new().chain_update(self.0).chain_update(value).finalize();
        let hash = Sha256::new().chain_update(self.0).chain_update(inner).finalize();
        let mut out = format!("{OPEN}{rule}:");
        telltale_model::id::push_hex(&mut out, hash.get(..DIGITS / 2).unwrap_or_default());
        out.push(']');
        out
    }
}

/// Whether a rule's name can stand in a token.
pub(super) fn is_name(name: &str) -> bool {
    let is_character = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_character)
}

/// Returns the length of the token that a text begins with.
fn token_length(text: &str) -> Option<usize> {
    let (name, rest) = text.strip_prefix(OPEN)?.split_once(':')?;
    let (digits, _rest) = rest.split_once(']')?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_token = is_name(name) && digits.len() == DIGITS && digits.bytes().all(is_digit);
    is_token.then_some(OPEN.len() + name.len() + 1 + DIGITS + 1)
}

/// Whether a text is one token and nothing else.
pub(super) fn is_token(text: &str) -> bool {
    token_length(text) == Some(text.len())
}

/// Splits a text into what stands between tokens and the tokens: (text, token), the last token empty.
pub(super) fn split(text: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    let (mut rest, mut from) = (text, 0);
    while let Some(at) = rest.get(from..).and_then(|later| later.find(OPEN)).map(|at| at + from) {
        let Some((before, found)) = rest.split_at_checked(at) else { break };
        match token_length(found).and_then(|length| found.split_at_checked(length)) {
            Some((token, after)) => {
                out.push((before, token));
                (rest, from) = (after, 0);
            }
            None => from = at + OPEN.len(),
        }
    }
    out.push((rest, ""));
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_stable_and_keyed() {
        let (one, other) = (Key([1; 32]), Key([2; 32]));
        let token = one.token("e-mail", b"ada@example.org");
        assert_eq!(token, one.token("e-mail", b"ada@example.org"));
        assert_ne!(token, one.token("e-mail", b"bob@example.org"));
        assert_ne!(token, other.token("e-mail", b"ada@example.org"));
        assert!(is_token(&token) && token.starts_with("[redacted:e-mail:"), "{token}");
        for wrong in [
            "[redacted:e-mail:12]",
            "[redacted:E:0123456789ab]",
            "[redacted:a:0123456789ab] ",
            "[redacted:a:0123456789AB]",
        ] {
            assert!(!is_token(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn splitting_loses_nothing(parts in prop::collection::vec(prop_oneof!["\\PC{0,9}", Just("[redacted:".to_owned()), Just(Key([3; 32]).token("a", b"x"))], 0..6)) {
            let text = parts.concat();
            let split = split(&text);
            prop_assert_eq!(split.iter().map(|(text, token)| format!("{text}{token}")).collect::<String>(), text.as_str());
            prop_assert!(split.iter().all(|(_, token)| token.is_empty() || is_token(token)));
        }
    }
}
