//! What can stand at a cursor: for an editor, on a text that need not be whole or right.

use crate::functions::Function;

/// What is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Context {
    /// A metric, a function or an aggregation.
    Expression,
    /// The name of a label; of a metric where one is known.
    Label {
        /// Name of the metric.
        metric: Option<String>,
    },
    /// The value of a label.
    Value {
        /// Name of the metric.
        metric: Option<String>,
        /// Label.
        label: String,
    },
    /// A duration.
    Duration,
    /// Nothing that can be offered, such as a number.
    Nothing,
}

/// What stands at a cursor, and the text that an offer replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is being written.
    pub context: Context,
    /// First byte of what is replaced.
    pub start: usize,
    /// Byte behind the last: what stands behind the cursor of the same word is replaced too.
    pub end: usize,
    /// What stands before the cursor.
    pub prefix: String,
}

/// What is open at a place of the text.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    Paren,
    /// Parentheses of `by`, `without`, `on`, `ignoring`, `group_left`, `group_right`.
    Labels,
    Braces {
        metric: Option<String>,
    },
    Brackets,
}

/// Words that take labels in parentheses.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Returns what stands at a cursor, a number of bytes from the start.
#[must_use]
pub fn completion(text: &str, cursor: usize) -> Completion {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let (before, after) = text.split_at_checked(cursor).unwrap_or((text, ""));
    let mut scan = Scan::default();
    scan.read(before);
    if let Some((quote, at)) = scan.string {
        let start = at + quote.len_utf8();
        let end = cursor + after.find([quote, '\n']).unwrap_or(after.len());
        let prefix = before.get(start..).unwrap_or_default().to_owned();
        let context = match scan.open.last() {
            Some(Open::Braces { metric }) => {
                Context::Value { metric: metric.clone(), label: scan.label.clone().unwrap_or_default() }
            }
            _ => Context::Nothing,
        };
        let context = if scan.label.is_none() { Context::Nothing } else { context };
        return Completion { context, start, end, prefix };
    }
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | ':');
    let start = before.char_indices().rev().take_while(|(_, char)| is_word(*char)).last().map_or(cursor, |(at, _)| at);
    let end = cursor + after.find(|char| !is_word(char)).unwrap_or(after.len());
    let prefix = before.get(start..).unwrap_or_default().to_owned();
    let is_number = prefix.starts_with(|char: char| char.is_ascii_digit());
    let context = match scan.open.last() {
        Some(Open::Brackets) => Context::Duration,
        _ if is_number || scan.is_comment => Context::Nothing,
        Some(Open::Braces { .. }) if scan.label.is_some() => Context::Nothing,
        Some(Open::Braces { metric }) => Context::Label { metric: metric.clone() },
        Some(Open::Labels) => Context::Label { metric: metric_of(text) },
        _ => Context::Expression,
    };
    Completion { context, start, end, prefix }
}

/// The first metric that an expression names.
fn metric_of(text: &str) -> Option<String> {
    let (expr, _) = crate::parse_recovering(text);
    expr?.selectors().into_iter().find_map(|selector| selector.name.clone())
}

/// What was read before the cursor.
#[derive(Debug, Default)]
struct Scan {
    open: Vec<Open>,
    /// The string that is open, with its quote and its first byte.
    string: Option<(char, usize)>,
    /// The last word.
    word: String,
    /// In braces: the label whose operator has been read.
    label: Option<String>,
    is_comment: bool,
}

impl Scan {
    fn read(&mut self, text: &str) {
        let mut is_escaped = false;
        let mut in_word = false;
        for (at, char) in text.char_indices() {
            if self.is_comment {
                self.is_comment = char != '\n';
                continue;
            }
            if let Some((quote, start)) = self.string {
                if char == quote && !is_escaped {
                    self.string = None;
                    self.word = text.get(start + quote.len_utf8()..at).unwrap_or_default().to_owned();
                }
                is_escaped = char == '\\' && quote != '`' && !is_escaped;
                continue;
            }
            if char.is_alphanumeric() || matches!(char, '_' | ':') {
                if !in_word {
                    self.word.clear();
                }
                in_word = true;
                self.word.push(char);
                continue;
            }
            in_word = false;
            self.sign(char, at);
        }
    }

    fn sign(&mut self, char: char, at: usize) {
        match char {
            '"' | '\'' | '`' => self.string = Some((char, at)),
            '#' => self.is_comment = true,
            '(' => {
                let is_grouping = GROUPING.contains(&self.word.to_ascii_lowercase().as_str());
                self.open.push(if is_grouping { Open::Labels } else { Open::Paren });
                self.word.clear();
            }
            '{' => {
                let is_metric = !self.word.is_empty() && Function::find(&self.word).is_none();
                self.open.push(Open::Braces { metric: is_metric.then(|| self.word.clone()) });
                self.label = None;
            }
            '[' => self.open.push(Open::Brackets),
            ')' | '}' | ']' => {
                self.open.pop();
                self.label = None;
                self.word.clear();
            }
            ',' => self.label = None,
            '=' | '!' | '~' if matches!(self.open.last(), Some(Open::Braces { .. })) && self.label.is_none() => {
                self.label = Some(self.word.clone());
            }
            char if char.is_whitespace() => {}
            _ => self.word.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Scenario: a cursor (`|`) in every place of expressions that are being written.
    #[test]
    fn the_place_of_the_cursor_is_understood() {
        let metric = || Some("http_total".to_owned());
        let label = || Context::Label { metric: metric() };
        let value = |label: &str| Context::Value { metric: metric(), label: label.to_owned() };
        for (text, context, prefix) in [
            ("|", Context::Expression, ""),
            ("ra|", Context::Expression, "ra"),
            ("sum(ra|te)", Context::Expression, "ra"),
            ("http_total{|", label(), ""),
            ("sum(http_total{co|de=\"1\"})", label(), "co"),
            ("http_total{code=\"1\", |}", label(), ""),
            ("http_total{code=~\"4|", value("code"), "4"),
            ("http_total{code=\"4|00\"}", value("code"), "4"),
            ("http_total{code=|", Context::Nothing, ""),
            ("sum by (co|) (http_total)", label(), "co"),
            ("sum by (|", Context::Label { metric: None }, ""),
            ("rate(http_total[5|", Context::Duration, "5"),
            ("{job=\"|", Context::Value { metric: None, label: "job".to_owned() }, ""),
            ("1|", Context::Nothing, "1"),
            ("up # wo|", Context::Nothing, "wo"),
            ("label_replace(up, \"a|", Context::Nothing, "a"),
            ("a / on (job) gr|", Context::Expression, "gr"),
            ("é + h|", Context::Expression, "h"),
        ] {
            let cursor = text.find('|').unwrap();
            let found = completion(&text.replace('|', ""), cursor);
            assert_eq!((&found.context, found.prefix.as_str()), (&context, prefix), "{text}");
        }
        let found = completion("sum(rate_x)", 6);
        assert_eq!((found.start, found.end), (4, 10));
    }

    proptest! {
        /// Guarantee: any text and any cursor give a range of the text around the cursor.
        #[test]
        fn ranges_lie_in_the_text(text in "[a-z{}()\\[\\]\"'=,#é\\\\ \n]{0,40}", cursor in 0usize..60) {
            let found = completion(&text, cursor);
            prop_assert!(text.get(found.start..found.end).is_some());
            prop_assert!(found.start <= cursor.min(text.len()));
        }
    }
}
