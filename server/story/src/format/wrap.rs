//! Fits text into a width counted in characters.

/// Units that stay on the line of their number.
const UNITS: [&str; 15] = ["ns", "µs", "ms", "s", "m", "h", "d", "%", "B", "KiB", "MiB", "GiB", "k", "M", "G"];

/// Returns the text broken at spaces into lines of at most `width` characters. A number stays beside its unit; a word
/// that is longer than a line is broken. Text that fits keeps its spaces, other text keeps one between words.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    if text.trim().is_empty() {
        return Vec::new();
    }
    if text.chars().count() <= width {
        return vec![text.trim_end().to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        while let Some(unit) = words.next_if(|next| is_unit(&word, next)) {
            word.push(' ');
            word.push_str(unit);
        }
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for character in word.chars() {
            if used == width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += 1;
        }
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

/// Whether `next` is the unit of the number that `word` ends with, or a number that goes on after a unit.
fn is_unit(word: &str, next: &str) -> bool {
    let ends_in_digit = word.ends_with(|last: char| last.is_ascii_digit());
    // The seconds of `2 m 05 s`, the minutes of `1 h 02 m`, the hours of `3 d 04 h`.
    let goes_on = [" m", " h", " d"].iter().any(|unit| word.ends_with(unit));
    let two_digits = next.len() == 2 && next.bytes().all(|byte| byte.is_ascii_digit());
    (ends_in_digit && UNITS.contains(&next.trim_end_matches(['.', ',', ';', ':', ')']))) || (goes_on && two_digits)
}

/// Returns the text cut to `width` characters, the last of them `…` when something was cut.
#[must_use]
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Returns the text with spaces behind it up to `width` characters.
#[must_use]
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

/// Returns the text with spaces before it up to `width` characters.
#[must_use]
pub fn pad_left(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{}{text}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_at_spaces_and_cuts_show() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""; 0]);
        assert_eq!(wrap("it took (2 m 05 s).", 14), ["it took", "(2 m 05 s)."]);
        assert_eq!(wrap("a  ->  b", 8), ["a  ->  b"]);
        assert_eq!((shorten("größer", 4), shorten("groß", 4)), ("grö…".into(), "groß".into()));
        assert_eq!((pad("ab", 4), pad_left("µs", 4)), ("ab  ".into(), "  µs".into()));
    }

    proptest! {
        #[test]
        fn wrapping_keeps_every_character_but_spaces(text in "[a-zé ]{0,80}", width in 1_usize..20) {
            let lines = wrap(&text, width);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
            prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
