//! Errors of a signals file: what, on which line and column, and what to do about it.

use std::fmt;

/// A mistake in a file. Its text is `line:column: message`, and a hint on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong with which value.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FileError {}

/// Returns the line and the column, both from 1, of a byte of `text`.
#[must_use]
pub fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() + 1)
}

/// Returns the one of `known` that `word` was probably meant to be.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let nearest = known.iter().map(|name| (distance(word, name), *name)).min()?;
    (nearest.0 <= 2.max(word.chars().count() / 3)).then_some(nearest.1)
}

/// Returns how many characters have to be put in, taken out or changed.
#[must_use]
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(crate::limits::NAME_CHARS).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().take(crate::limits::NAME_CHARS).enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = vec![before];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let change = diagonal + usize::from(*other != character);
            before = change.min(above + 1).min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn positions_count_lines_and_characters() {
        assert_eq!(position("a\nbä = 1", 0), (1, 1));
        assert_eq!(position("a\nbä = 1", 5), (2, 3));
        assert_eq!(position("a", 99), (1, 2));
    }

    #[test]
    fn a_typing_mistake_is_understood_and_another_word_is_not() {
        assert_eq!(did_you_mean("servce", &["name", "service"]), Some("service"));
        assert_eq!(did_you_mean("elephant", &["name", "service"]), None);
    }

    proptest! {
        /// Scenario: any three words. Guarantees: the distance is a metric.
        #[test]
        fn distance_is_a_metric(a in "[abc]{0,8}", b in "[abc]{0,8}", c in "[abc]{0,8}") {
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        }
    }
}
