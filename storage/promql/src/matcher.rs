//! Label matchers: `=`, `!=`, `=~`, `!~`, regular expressions fully anchored.

use std::fmt;

mod pattern;
#[cfg(test)]
mod tests;

pub use pattern::Pattern;

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// As the language writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// A condition on one label. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// Label.
    pub name: String,
    /// Comparison.
    pub op: MatchOp,
    /// Text or regular expression, as written.
    pub value: String,
    pattern: Option<Pattern>,
}

impl Matcher {
    /// A matcher; regular expressions are compiled.
    ///
    /// # Errors
    /// The text of what is wrong with the regular expression.
    pub fn new(name: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self, String> {
        let (name, value) = (name.into(), value.into());
        let pattern = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(Pattern::new(&value)?),
        };
        Ok(Self { name, op, value, pattern })
    }

    /// `name="value"`.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), pattern: None }
    }

    /// Whether the value of the label fits; the empty text stands for a label that is not there.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let pattern = |wanted: bool| self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(value) == wanted);
        match self.op {
            MatchOp::Equal => self.value == value,
            MatchOp::NotEqual => self.value != value,
            MatchOp::Regex => pattern(true),
            MatchOp::NotRegex => pattern(false),
        }
    }

    /// Whether series without the label fit.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    /// The values that can fit, when they are few and known: `="a"`, `=~"a|b"`. For look-ups in an index.
    #[must_use]
    pub fn set_of_values(&self) -> Option<Vec<&str>> {
        match self.op {
            MatchOp::Equal => Some(vec![&self.value]),
            MatchOp::Regex => self.pattern.as_ref()?.literals().map(|all| all.iter().map(String::as_str).collect()),
            MatchOp::NotEqual | MatchOp::NotRegex => None,
        }
    }

    /// Text with which every fitting value begins; empty when that is not known. For look-ups in a sorted index.
    #[must_use]
    pub fn prefix(&self) -> &str {
        match self.op {
            MatchOp::Equal => &self.value,
            MatchOp::Regex => self.pattern.as_ref().map_or("", Pattern::prefix),
            MatchOp::NotEqual | MatchOp::NotRegex => "",
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.name == other.name && self.value == other.value
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            if crate::text::is_label_name(&self.name) { self.name.clone() } else { crate::text::quote(&self.name) };
        write!(f, "{name}{}{}", self.op.as_str(), crate::text::quote(&self.value))
    }
}
