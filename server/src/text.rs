//! Small rules for text that strangers sent.
//!
//! Not for telemetry itself, which is never shortened; only for what telltale says about it.

/// Ends a shortened text.
const MARK: &str = "…";

/// Returns `text`, cut to at most `bytes_max` bytes at a character's border and marked with `…` when cut.
#[must_use]
pub fn shorten(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let room = bytes_max.saturating_sub(MARK.len());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let mut out = text.get(..end).unwrap_or_default().to_owned();
    out.push_str(MARK);
    out
}

/// Returns `text` with control characters written as `\u{…}`, so that it cannot forge lines or move a cursor.
#[must_use]
pub fn escape_control(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_shortened_text_is_short_valid_and_marked(text in ".{0,80}", bytes in 3_usize..100) {
            let short = shorten(&text, bytes);
            prop_assert!(short.len() <= bytes.max(MARK.len()));
            if text.len() <= bytes {
                prop_assert_eq!(short, text);
            } else {
                prop_assert!(text.starts_with(short.strip_suffix(MARK).unwrap()));
            }
        }

        #[test]
        fn no_control_character_is_left(text in any::<String>()) {
            prop_assert!(!escape_control(&text).chars().any(char::is_control));
        }
    }
}
