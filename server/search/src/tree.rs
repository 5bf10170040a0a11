//! A query as a tree, and what was wrong with its text.

use std::fmt;
use std::ops::Range;

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What it asks for.
    pub expr: Expr,
    /// What could not be understood, by place; empty for a good query.
    pub problems: Vec<Problem>,
}

impl Query {
    /// Returns the query that every record passes.
    #[must_use]
    pub const fn all() -> Self {
        Self { expr: Expr::And(Vec::new()), problems: Vec::new() }
    }

    /// Whether every record passes.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(&self.expr, Expr::And(parts) if parts.is_empty())
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All hold; without parts always true.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// Words of the record's text.
    Words(Words),
    /// A comparison of one value.
    Compare(Compare),
    /// A value is there.
    Has(Key),
    /// `is:root`, `is:error`.
    Is(Is, Range<usize>),
}

/// A property that needs no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// A span without a parent.
    Root,
    /// A span with status error, a log of level error or fatal.
    Error,
}

/// Free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Without quotes and without the `*` of a prefix.
    pub text: String,
    /// How it is meant.
    pub form: WordForm,
    /// Bytes of the query.
    pub range: Range<usize>,
}

/// How free text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordForm {
    /// Words that follow one another.
    Phrase,
    /// The same, the last one being the beginning of a word.
    Prefix,
    /// A text with `*` for anything, anywhere in the record's text, in any case.
    Wildcard,
    /// A regular expression.
    Regex,
    /// A text without letters and digits, as it stands.
    Exact,
}

/// Where a key is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A column when the table has one of that name, else the record's attributes, else the resource's.
    Any,
    /// `@key`: the record's attributes, else the resource's.
    Attribute,
    /// `resource.key`.
    Resource,
    /// `scope.key`.
    Scope,
}

/// The left side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Without `@`, `resource.` and `scope.`.
    pub name: String,
    /// Where it is looked for.
    pub place: Place,
    /// Bytes of the query.
    pub range: Range<usize>,
}

/// A comparison. `!=` and `!~` are the [`Expr::Not`] of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compare {
    /// Of what.
    pub key: Key,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Literal,
}

/// A comparison's operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `:`: equal, with `*` for anything; words where the value is a text to read.
    Is,
    /// `=`.
    Equal,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `~`.
    Matches,
}

impl Op {
    /// Whether the operator asks for an order.
    #[must_use]
    pub const fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual)
    }

    /// Returns the operator in SQL.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Is | Self::Equal => "=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Matches => "~",
        }
    }

    /// Whether two values in this order pass.
    #[must_use]
    pub fn accepts(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Is | Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
            Self::Matches => false,
        }
    }
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Without quotes.
    pub text: String,
    /// Whether it was quoted: then `*` is a star.
    pub is_quoted: bool,
    /// Bytes of the query.
    pub range: Range<usize>,
}

/// What is wrong at some place of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the query.
    pub range: Range<usize>,
    /// What is wrong, on which text.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.message, self.hint)
    }
}
