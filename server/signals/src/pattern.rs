//! Patterns of texts: `text` exactly, `*` anything, `a*b` with anything at the stars, `~regex`, `=text` exactly, stars
//! and all.

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::limits::{PATTERN_BYTES, REGEX_BYTES};

/// A pattern; compares equal to another by its text.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Any,
    Exact(String),
    /// The pieces between the stars.
    Glob(Vec<String>),
    Regex(Regex),
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// Understands a pattern.
    ///
    /// # Errors
    /// What is wrong with the regular expression, or that the text is too long.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES {
            return Err(format!("a pattern has {} bytes, more than {PATTERN_BYTES}", text.len()));
        }
        let form = if text == "*" {
            Form::Any
        } else if let Some(exact) = text.strip_prefix('=') {
            Form::Exact(exact.to_owned())
        } else if let Some(regex) = text.strip_prefix('~') {
            let built = RegexBuilder::new(regex).size_limit(REGEX_BYTES).build();
            Form::Regex(built.map_err(|error| format!("{regex:?} is not a regular expression: {}", reason(&error)))?)
        } else if text.contains('*') {
            Form::Glob(text.split('*').map(str::to_owned).collect())
        } else {
            Form::Exact(text.to_owned())
        };
        Ok(Self { text: text.to_owned(), form })
    }

    /// Returns the pattern that matches `text` and nothing else.
    #[must_use]
    pub fn exactly(text: &str) -> Self {
        Self { text: quoted(text), form: Form::Exact(text.to_owned()) }
    }

    /// Says whether the pattern matches a text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.form {
            Form::Any => true,
            Form::Exact(exact) => exact == text,
            Form::Glob(pieces) => glob(pieces, text),
            Form::Regex(regex) => regex.is_match(text),
        }
    }

    /// Says whether the pattern matches every text.
    #[must_use]
    pub fn is_any(&self) -> bool {
        matches!(self.form, Form::Any)
    }

    /// Returns the pattern as it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pattern {
    /// Texts and globs in quotes, regular expressions between slashes, as messages show them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Any => f.write_str("anything"),
            Form::Exact(text) => write!(f, "{text:?}"),
            Form::Glob(_) => write!(f, "{:?}", self.text),
            Form::Regex(regex) => write!(f, "/{}/", regex.as_str()),
        }
    }
}

/// Returns the pattern text that means exactly `text`.
#[must_use]
pub fn quoted(text: &str) -> String {
    match text.contains('*') || text.starts_with(['~', '=']) {
        true => format!("={text}"),
        false => text.to_owned(),
    }
}

/// Matches pieces in their order: the first at the start, the last at the end, the others wherever they come first.
fn glob(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

/// The last line of the library's message is its reason; the lines before draw the place.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(text)
    }

    #[test]
    fn the_five_forms() {
        assert!(matches("*", "") && matches("*", "x"));
        assert!(matches("GET /", "GET /") && !matches("GET /", "GET /x"));
        assert!(matches("GET *", "GET /x") && !matches("GET *", "POST /x"));
        assert!(matches("~^GET .x$", "GET /x") && !matches("~^x", "GET /x"));
        assert!(matches("=a*b", "a*b") && !matches("=a*b", "axb"));
        let error = Pattern::parse("~(").unwrap_err();
        assert_eq!(error, "\"(\" is not a regular expression: unclosed group");
        assert!(Pattern::parse(&"x".repeat(PATTERN_BYTES + 1)).is_err());
    }

    proptest! {
        /// Scenario: any glob and any text. Guarantees: it matches as the regular expression with the same meaning does.
        #[test]
        fn globs_match_as_regular_expressions_do(pattern in "[ab*]{1,7}", text in "[ab]{0,10}") {
            let expression = format!("^{}$", pattern.replace('*', ".*"));
            prop_assert_eq!(matches(&pattern, &text), Regex::new(&expression).unwrap().is_match(&text), "{}", pattern);
        }

        #[test]
        fn an_exact_pattern_matches_its_text_alone(text in "\\PC{0,12}", other in "\\PC{0,12}") {
            let written = Pattern::parse(&quoted(&text)).unwrap();
            prop_assert!(written.matches(&text) && Pattern::exactly(&text).matches(&text));
            prop_assert_eq!(written.matches(&other), text == other);
        }
    }
}
