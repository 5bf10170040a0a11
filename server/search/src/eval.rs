//! A query as a test of one record: what live streams filter by, and what SQL is tested against.
//!
//! The engines for words and regular expressions come from the caller, so that the browser application does not carry
//! them.

use std::borrow::Cow;

use crate::field::{Field, IntColumn, Presence, Target, TextColumn, id_value, int_value, level_value};
use crate::sql::{is_wildcard, match_query, prose};
use crate::tree::{Compare, Expr, Is, Key, Op, Place, Query, WordForm};
use crate::value;

/// A test of one text.
pub type TextTest = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// A test of one record.
type RecordTest = Box<dyn Fn(&dyn Record) -> bool + Send + Sync>;

/// Makes tests of texts.
pub trait Engine {
    /// Returns the test of `match(text, query)`.
    ///
    /// # Errors
    /// What is wrong with the query.
    fn words(&self, query: &str) -> Result<TextTest, String>;

    /// Returns the test whether a regular expression is found somewhere in a text.
    ///
    /// # Errors
    /// What is wrong with the expression.
    fn regex(&self, pattern: &str) -> Result<TextTest, String>;
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Value<'a> {
    /// As `attr('key')` shows it.
    pub text: Cow<'a, str>,
    /// When it is a number.
    pub number: Option<Numeric>,
}

/// A number with its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Numeric {
    /// An integer.
    Int(i64),
    /// A double.
    Double(f64),
}

/// One span or log record. What a table does not have is `None`.
pub trait Record {
    /// Returns a text column; `None` for null.
    fn text(&self, column: TextColumn) -> Option<Cow<'_, str>>;
    /// Returns the lower-case hex text of an id column; `None` for null.
    fn id(&self, column: crate::field::IdColumn) -> Option<Cow<'_, str>>;
    /// Returns a column of whole numbers; `None` for null.
    fn int(&self, column: IntColumn) -> Option<i64>;
    /// Whether it has something.
    fn has(&self, presence: Presence) -> bool;
    /// Returns the first value of an attribute of the record, resource or scope that is not empty.
    fn attribute(&self, source: Source, key: &str) -> Option<Value<'_>>;
}

/// Whose attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The record's own.
    Record,
    /// The resource's.
    Resource,
    /// The instrumentation scope's.
    Scope,
}

/// A query that was made ready for many records.
pub struct Filter {
    node: Node,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

enum Node {
    Always(bool),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// One of the columns passes.
    Columns(Vec<TextColumn>, TextTest),
    Test(RecordTest),
}

impl Query {
    /// Makes the test of one record. Conditions that [`Query::check`] faults never hold.
    #[must_use]
    pub fn filter(&self, target: Target, engine: &dyn Engine) -> Filter {
        Filter { node: node(&self.expr, target, engine) }
    }
}

impl Filter {
    /// Tells whether a record passes.
    #[must_use]
    pub fn accepts(&self, record: &dyn Record) -> bool {
        self.node.accepts(record)
    }
}

impl Node {
    fn accepts(&self, record: &dyn Record) -> bool {
        match self {
            Self::Always(answer) => *answer,
            Self::And(parts) => parts.iter().all(|part| part.accepts(record)),
            Self::Or(parts) => parts.iter().any(|part| part.accepts(record)),
            Self::Not(inner) => !inner.accepts(record),
            Self::Columns(columns, test) => {
                columns.iter().any(|column| record.text(*column).is_some_and(|text| test(&text)))
            }
            Self::Test(test) => test(record),
        }
    }
}

fn node(expr: &Expr, target: Target, engine: &dyn Engine) -> Node {
    match expr {
        Expr::And(parts) => Node::And(parts.iter().map(|part| node(part, target, engine)).collect()),
        Expr::Or(parts) => Node::Or(parts.iter().map(|part| node(part, target, engine)).collect()),
        Expr::Not(inner) => Node::Not(Box::new(node(inner, target, engine))),
        Expr::Words(words) => text_test(words.form, &words.text, engine)
            .map_or(Node::Always(false), |test| Node::Columns(target.text_columns().to_vec(), test)),
        Expr::Compare(compare) => comparison(compare, target, engine).unwrap_or(Node::Always(false)),
        Expr::Has(key) => has(key, target),
        Expr::Is(Is::Root, _) if target == Target::Logs => Node::Always(false),
        Expr::Is(Is::Root, _) => test(|record| record.id(crate::field::IdColumn::Parent).is_none()),
        Expr::Is(Is::Error, _) => match target {
            Target::Spans => test(|record| record.int(IntColumn::Status) == Some(2)),
            Target::Logs => test(|record| record.int(IntColumn::SeverityNumber).is_some_and(|number| number >= 17)),
        },
    }
}

fn test(test: impl Fn(&dyn Record) -> bool + Send + Sync + 'static) -> Node {
    Node::Test(Box::new(test))
}

fn text_test(form: WordForm, text: &str, engine: &dyn Engine) -> Option<TextTest> {
    match form {
        WordForm::Phrase | WordForm::Prefix => engine.words(&match_query(form, text)).ok(),
        WordForm::Wildcard => engine.regex(&wildcard_regex(text)).ok(),
        WordForm::Regex => engine.regex(text).ok(),
        WordForm::Exact => {
            let wanted = text.to_owned();
            Some(Box::new(move |text| text.contains(&wanted)))
        }
    }
}

/// Writes a text with `*` as a regular expression that is blind to case.
pub(crate) fn wildcard_regex(text: &str) -> String {
    let mut out = String::from("(?is)");
    for character in text.chars() {
        match character {
            '*' => out.push_str(".*"),
            sign if sign.is_ascii_punctuation() => out.extend(['\\', sign]),
            other => out.push(other),
        }
    }
    out
}

/// Whether a text has the form of a pattern in which `*` is anything.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or("")) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Returns the test of a comparison with a text, over texts.
fn text_operator(compare: &Compare, engine: &dyn Engine) -> Option<TextTest> {
    let wanted = compare.value.text.clone();
    if is_wildcard(compare) {
        return Some(Box::new(move |text| glob(&wanted, text)));
    }
    match compare.op {
        Op::Matches => engine.regex(&wanted).ok(),
        op => Some(Box::new(move |text| op.accepts(text.cmp(wanted.as_str())))),
    }
}

fn comparison(compare: &Compare, target: Target, engine: &dyn Engine) -> Option<Node> {
    let (op, text) = (compare.op, compare.value.text.as_str());
    match compare.key.field(target) {
        Field::Text(column) if op == Op::Is && column.is_prose() => {
            let (form, text) = prose(text, compare.value.is_quoted);
            Some(Node::Columns(vec![column], text_test(form, text, engine)?))
        }
        Field::Text(column) => Some(Node::Columns(vec![column], text_operator(compare, engine)?)),
        Field::Id(_) | Field::Int(IntColumn::Kind) if op.is_order() => None,
        Field::Id(_) | Field::Int(_) | Field::Level if op == Op::Matches => None,
        Field::Id(column) => {
            let (digits, is_whole) = id_value(column, text).ok()?;
            Some(test(move |record| {
                record.id(column).is_some_and(|id| if is_whole { id == digits } else { id.starts_with(&digits) })
            }))
        }
        Field::Int(column) => {
            let wanted = int_value(column, text).ok()?;
            Some(test(move |record| {
                let value = match column {
                    IntColumn::Status => Some(record.int(column).unwrap_or(0)),
                    column => record.int(column),
                };
                value.is_some_and(|value| op.accepts(value.cmp(&wanted)))
            }))
        }
        Field::Level => {
            let (least, greatest) = level_value(text).ok()?;
            Some(test(move |record| {
                let number = record.int(IntColumn::SeverityNumber).unwrap_or(0);
                match op {
                    Op::Is | Op::Equal => (least..=greatest).contains(&number),
                    Op::Less => (1..least).contains(&number),
                    Op::LessEqual => (1..=greatest).contains(&number),
                    Op::Greater => number > greatest,
                    Op::GreaterEqual => number >= least,
                    Op::Matches => false,
                }
            }))
        }
        Field::Attribute(place, name) => attribute(place, name, compare, engine),
        Field::Presence(_) => None,
    }
}

/// Returns the sources of an attribute in the order in which they are asked.
fn sources(place: Place) -> &'static [Source] {
    match place {
        Place::Any | Place::Attribute => &[Source::Record, Source::Resource],
        Place::Resource => &[Source::Resource],
        Place::Scope => &[Source::Scope],
    }
}

fn attribute(place: Place, name: String, compare: &Compare, engine: &dyn Engine) -> Option<Node> {
    let op = compare.op;
    let number = if compare.value.is_quoted { None } else { value::number(&compare.value.text) };
    let by_text = match number {
        Some(_) if op.is_order() => None,
        _ => Some(text_operator(compare, engine)?),
    };
    let is_equal = matches!(op, Op::Is | Op::Equal) && !is_wildcard(compare);
    let is_written = value::is_written_whole(&compare.value.text);
    let number = number.filter(|_| op.is_order() || (is_equal && !is_written));
    Some(test(move |record| {
        let first = sources(place).iter().find_map(|source| record.attribute(*source, &name));
        let same = by_text.as_ref().is_some_and(|test| first.is_some_and(|value| test(&value.text)));
        let compared = number.is_some_and(|number| {
            let values = sources(place).iter().filter_map(|source| record.attribute(*source, &name));
            values.into_iter().find_map(|value| compare_number(&value, op, &number)).unwrap_or(false)
        });
        same || compared
    }))
}

/// Compares a value with a number; `None` for a value that is none. Doubles are in IEEE 754's total order, as in SQL.
fn compare_number(value: &Value<'_>, op: Op, number: &value::Number) -> Option<bool> {
    #[expect(clippy::cast_precision_loss, reason = "compared as doubles when the other side is one")]
    let double = match (value.number, number.int) {
        (Some(Numeric::Int(int)), Some(wanted)) => return Some(op.accepts(int.cmp(&wanted))),
        (Some(Numeric::Int(int)), None) => int as f64,
        (Some(Numeric::Double(double)), _) => double,
        (None, _) => value.text.parse().ok()?,
    };
    Some(op.accepts(double.total_cmp(&number.double)))
}

fn has(key: &Key, target: Target) -> Node {
    match key.presence(target) {
        Field::Text(column) => test(move |record| record.text(column).is_some()),
        Field::Id(column) => test(move |record| record.id(column).is_some()),
        Field::Int(column) => test(move |record| record.int(column).is_some()),
        Field::Level => test(|record| record.int(IntColumn::SeverityNumber).is_some_and(|at| (1..=24).contains(&at))),
        Field::Attribute(place, name) => {
            test(move |record| sources(place).iter().any(|source| record.attribute(*source, &name).is_some()))
        }
        Field::Presence(presence) => test(move |record| record.has(presence)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything_and_everything_else_for_itself() {
        for (pattern, text, expected) in [
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "a1b2c", true),
            ("a*a", "a", false),
            ("*b*", "abc", true),
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a%*", "a%b", true),
            ("*ab*ab", "ab ab", true),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
        assert_eq!(wildcard_regex("a.b*"), "(?is)a\\.b.*");
    }
}
