//! The syntax tree: what was written, with the place of every node in the text.

pub use crate::functions::{Function, FunctionId};
use crate::matcher::{MatchOp, Matcher};

mod operator;
mod walk;

pub use operator::{AggregateOp, BinaryOp};

/// Where a node stands in the text: bytes, half-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PosRange {
    /// First byte.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
}

impl PosRange {
    pub(crate) const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// `line:column` of the start, both from 1, columns in bytes, as Prometheus counts.
    #[must_use]
    pub fn line_and_column(self, text: &str) -> String {
        let before = text.as_bytes().get(..self.start.min(text.len())).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        format!("{line}:{column}")
    }
}

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A number.
    Scalar,
    /// A text.
    String,
    /// Series at one time.
    Vector,
    /// Series over a time.
    Matrix,
}

impl ValueType {
    /// As the documentation calls it: `instant vector`, `range vector`.
    #[must_use]
    pub const fn documented(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        }
    }

    /// As the HTTP API calls it: `vector`, `matrix`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        }
    }
}

/// An expression and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub range: PosRange,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `1.5`, `1h30m`
    Number(NumberLiteral),
    /// `"text"`
    String(StringLiteral),
    /// `(…)`
    Paren(Box<Expr>),
    /// `-…`, `+…`
    Unary(UnaryExpr),
    /// `… + …`
    Binary(Box<BinaryExpr>),
    /// `sum by (a) (…)`
    Aggregate(Box<AggregateExpr>),
    /// `rate(…)`
    Call(Call),
    /// `up{job="a"}`
    Vector(VectorSelector),
    /// `up[5m]`
    Matrix(MatrixSelector),
    /// `…[5m:1m]`
    Subquery(Box<SubqueryExpr>),
    /// Nothing where an expression should be; only from the recovering parser.
    Missing,
}

/// A number as it was written.
#[derive(Clone, Copy, Debug)]
pub struct NumberLiteral {
    /// Value; seconds when it was written as a duration.
    pub value: f64,
    /// Whether it was written as a duration (`5m`).
    pub is_duration: bool,
}

/// By bits, so that a tree equals itself when it holds NaN; all NaNs are one.
impl PartialEq for NumberLiteral {
    fn eq(&self, other: &Self) -> bool {
        let same = self.value.to_bits() == other.value.to_bits() || (self.value.is_nan() && other.value.is_nan());
        same && self.is_duration == other.is_duration
    }
}

/// A text as it was written. PromQL lets escapes make texts that are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text; invalid bytes are replaced.
    pub text: String,
    /// The bytes, when they are not UTF-8.
    pub invalid: Option<Vec<u8>>,
}

/// A sign.
#[derive(Clone, Debug, PartialEq)]
pub struct UnaryExpr {
    /// Minus or plus.
    pub is_minus: bool,
    /// What it stands before.
    pub expr: Box<Expr>,
}

/// An operator with two sides.
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryExpr {
    /// Operator.
    pub op: BinaryOp,
    /// Left side.
    pub lhs: Expr,
    /// Right side.
    pub rhs: Expr,
    /// `bool`: 0 or 1 instead of a filter.
    pub return_bool: bool,
    /// How series find each other; none when a side is a scalar.
    pub matching: Option<VectorMatching>,
}

/// How many series may match on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// Each with one.
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
    /// Set operators.
    ManyToMany,
}

impl Cardinality {
    /// As the HTTP API calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "one-to-one",
            Self::ManyToOne => "many-to-one",
            Self::OneToMany => "one-to-many",
            Self::ManyToMany => "many-to-many",
        }
    }
}

/// How series of two vectors find each other.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorMatching {
    /// How many may match.
    pub cardinality: Cardinality,
    /// Labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// `on`, else `ignoring`.
    pub is_on: bool,
    /// Labels taken over from the "one" side.
    pub include: Vec<String>,
    /// `fill_left`: value for a series that the left side lacks.
    pub fill_left: Option<f64>,
    /// `fill_right`
    pub fill_right: Option<f64>,
}

/// An aggregation.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateExpr {
    /// Which.
    pub op: AggregateOp,
    /// What is aggregated.
    pub expr: Expr,
    /// First argument of those that take two.
    pub param: Option<Expr>,
    /// Labels of `by` or `without`.
    pub grouping: Vec<String>,
    /// `without`, else `by`.
    pub is_without: bool,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function.
    pub function: &'static Function,
    /// Arguments.
    pub args: Vec<Expr>,
}

/// A condition on a label as it was written; [`VectorSelector::matchers`] compiles it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMatch {
    /// Label.
    pub name: String,
    /// Comparison.
    pub op: MatchOp,
    /// Text or pattern.
    pub value: String,
    /// Where it stands.
    pub range: PosRange,
}

/// A time that `@` fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since the Unix epoch.
    Time(i64),
    /// `start()`
    Start,
    /// `end()`
    End,
}

/// A duration: milliseconds, or an expression that is known when the query's range and step are.
#[derive(Clone, Debug, PartialEq)]
pub enum Duration {
    /// Milliseconds.
    Millis(i64),
    /// `5m + step()`
    Expr(Box<DurationExpr>),
}

/// Arithmetic on durations; values are seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct DurationExpr {
    /// What it is.
    pub kind: DurationKind,
    /// Where it stands.
    pub range: PosRange,
}

/// The kinds of duration expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum DurationKind {
    /// `5m`, `300`
    Number(NumberLiteral),
    /// `step()`
    Step,
    /// `range()`
    Range,
    /// `-…`
    Minus(Box<DurationExpr>),
    /// `(…)`
    Paren(Box<DurationExpr>),
    /// `… + …`
    Binary(BinaryOp, Box<DurationExpr>, Box<DurationExpr>),
    /// `min_of(…, …)`
    MinOf(Box<DurationExpr>, Box<DurationExpr>),
    /// `max_of(…, …)`
    MaxOf(Box<DurationExpr>, Box<DurationExpr>),
}

/// `offset` and `@`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimeShift {
    /// `offset`: this much earlier.
    pub offset: Option<Duration>,
    /// `@`
    pub at: Option<At>,
}

/// How samples at the edges of a range are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RangeEdge {
    /// Extrapolated, as ever.
    #[default]
    Plain,
    /// `anchored`
    Anchored,
    /// `smoothed`
    Smoothed,
}

/// A selection of series.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSelector {
    /// Name written before the braces.
    pub name: Option<String>,
    /// What stands in the braces.
    pub label_matches: Vec<LabelMatch>,
    /// `offset` and `@`.
    pub shift: TimeShift,
    /// `anchored`, `smoothed`.
    pub edge: RangeEdge,
}

impl VectorSelector {
    /// All conditions, compiled, the one on the name included.
    ///
    /// # Errors
    /// The text of what is wrong with a regular expression, and where it stands; never after [`crate::parse`], which has checked.
    pub fn matchers(&self) -> Result<Vec<Matcher>, (PosRange, String)> {
        let written = self.label_matches.iter().map(|written| {
            Matcher::new(&*written.name, written.op, &*written.value).map_err(|text| (written.range, text))
        });
        let name = self.name.iter().map(|name| Ok(Matcher::equal(crate::labels::NAME, &**name)));
        written.chain(name).collect()
    }
}

/// A selection of series over a range.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixSelector {
    /// Which series.
    pub selector: VectorSelector,
    /// Where the selector stands.
    pub selector_range: PosRange,
    /// How long.
    pub range: Duration,
}

/// An expression evaluated over a range.
#[derive(Clone, Debug, PartialEq)]
pub struct SubqueryExpr {
    /// What is evaluated.
    pub expr: Expr,
    /// How long.
    pub range: Duration,
    /// How often; the default of the engine when not written.
    pub step: Option<Duration>,
    /// `offset` and `@`.
    pub shift: TimeShift,
}

impl Expr {
    /// What it evaluates to.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match &self.kind {
            ExprKind::Number(_) => ValueType::Scalar,
            ExprKind::String(_) => ValueType::String,
            ExprKind::Paren(inner) => inner.value_type(),
            ExprKind::Unary(unary) => unary.expr.value_type(),
            ExprKind::Binary(binary) => match (binary.lhs.value_type(), binary.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            ExprKind::Call(call) => call.function.returns,
            ExprKind::Matrix(_) | ExprKind::Subquery(_) => ValueType::Matrix,
            ExprKind::Aggregate(_) | ExprKind::Vector(_) | ExprKind::Missing => ValueType::Vector,
        }
    }

    /// The same without parentheses around it.
    #[must_use]
    pub fn unwrapped(&self) -> &Self {
        match &self.kind {
            ExprKind::Paren(inner) => inner.unwrapped(),
            _ => self,
        }
    }
}

impl StringLiteral {
    /// In double quotes, so that it reads back to the same bytes.
    #[must_use]
    pub fn quoted(&self) -> String {
        let Some(bytes) = &self.invalid else { return crate::text::quote(&self.text) };
        let mut out = String::from("\"");
        for chunk in bytes.utf8_chunks() {
            let quoted = crate::text::quote(chunk.valid());
            out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
            for byte in chunk.invalid() {
                out.push_str(&format!("\\x{byte:02x}"));
            }
        }
        out.push('"');
        out
    }
}
