//! Expressions as text: on one line, or broken where a line gets longer than 100 characters.
//!
//! What is printed reads back to the same tree.

use std::fmt;

use crate::ast::{
    AggregateExpr, At, BinaryExpr, BinaryOp, Cardinality, Duration, DurationExpr, DurationKind, Expr, ExprKind,
    MatrixSelector, NumberLiteral, RangeEdge, SubqueryExpr, TimeShift, VectorSelector,
};
use crate::parser::literal::format_duration;
use crate::text::{is_label_name, is_metric_name, quote};

mod pretty;
#[cfg(test)]
mod tests;

pub use pretty::pretty;

/// A number as Prometheus prints it: the shortest decimal that reads back, never with an exponent.
#[must_use]
pub fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        format!("{value}")
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => number.fmt(f),
            ExprKind::String(literal) => f.write_str(&literal.quoted()),
            ExprKind::Paren(inner) => write!(f, "({inner})"),
            ExprKind::Unary(unary) => write!(f, "{}{}", if unary.is_minus { "-" } else { "+" }, unary.expr),
            ExprKind::Binary(binary) => {
                write!(f, "{} {} {}", left(binary), operator(binary), binary.rhs)
            }
            ExprKind::Aggregate(aggregate) => {
                f.write_str(&aggregate_head(aggregate))?;
                match &aggregate.param {
                    Some(param) => write!(f, "({param}, {})", aggregate.expr),
                    None => write!(f, "({})", aggregate.expr),
                }
            }
            ExprKind::Call(call) => {
                write!(f, "{}(", call.function.name)?;
                for (at, arg) in call.args.iter().enumerate() {
                    write!(f, "{}{arg}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            ExprKind::Vector(selector) => write!(f, "{}{}", bare(selector), suffix(&selector.shift, selector.edge)),
            ExprKind::Matrix(matrix) => matrix.fmt(f),
            ExprKind::Subquery(subquery) => write!(f, "{}{}", subquery.expr, subquery_suffix(subquery)),
            ExprKind::Missing => Ok(()),
        }
    }
}

impl fmt::Display for NumberLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_duration {
            return f.write_str(&number(self.value));
        }
        let millis = crate::parser::millis_of(self.value.abs());
        // A negative zero keeps its sign: it reads back as what it was.
        let sign = if self.value.is_sign_negative() { "-" } else { "" };
        write!(f, "{sign}{}", format_duration(millis))
    }
}

impl fmt::Display for MatrixSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (selector, edge) = (&self.selector, edge(self.selector.edge));
        write!(f, "{}[{}]{edge}{}", bare(selector), self.range, suffix(&selector.shift, RangeEdge::Plain))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Millis(millis) if *millis < 0 => write!(f, "-{}", format_duration(millis.saturating_neg())),
            Self::Millis(millis) => f.write_str(&format_duration(*millis)),
            Self::Expr(expr) => expr.fmt(f),
        }
    }
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DurationKind::Number(number) => number.fmt(f),
            DurationKind::Step => f.write_str("step()"),
            DurationKind::Range => f.write_str("range()"),
            DurationKind::Minus(inner) => write!(f, "-{inner}"),
            DurationKind::Paren(inner) => write!(f, "({inner})"),
            DurationKind::Binary(op, left, right) => write!(f, "{left} {} {right}", op.as_str()),
            DurationKind::MinOf(left, right) => write!(f, "min_of({left}, {right})"),
            DurationKind::MaxOf(left, right) => write!(f, "max_of({left}, {right})"),
        }
    }
}

/// The selector without `offset`, `@` and edges.
fn bare(selector: &VectorSelector) -> String {
    let mut matches: Vec<String> = Vec::with_capacity(selector.label_matches.len());
    let name = selector.name.as_deref().unwrap_or_default();
    for one in &selector.label_matches {
        let label = if is_label_name(&one.name) { one.name.clone() } else { quote(&one.name) };
        matches.push(format!("{label}{}{}", one.op.as_str(), quote(&one.value)));
    }
    matches.sort();
    debug_assert!(selector.name.is_none() || is_metric_name(name), "the parser takes no other names");
    if matches.is_empty() && !name.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", matches.join(",")) }
}

fn suffix(shift: &TimeShift, range_edge: RangeEdge) -> String {
    let at = match shift.at {
        Some(At::Time(millis)) => format!(" @ {}", seconds(millis)),
        Some(At::Start) => " @ start()".to_owned(),
        Some(At::End) => " @ end()".to_owned(),
        None => String::new(),
    };
    let offset = shift.offset.as_ref().map_or_else(String::new, |offset| format!(" offset {offset}"));
    format!("{at}{}{offset}", edge(range_edge))
}

/// Milliseconds as seconds with three decimals.
fn seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    format!("{sign}{}.{:03}", millis / 1000, millis % 1000)
}

const fn edge(edge: RangeEdge) -> &'static str {
    match edge {
        RangeEdge::Plain => "",
        RangeEdge::Anchored => " anchored",
        RangeEdge::Smoothed => " smoothed",
    }
}

fn subquery_suffix(subquery: &SubqueryExpr) -> String {
    let step = subquery.step.as_ref().map(Duration::to_string).unwrap_or_default();
    format!("[{}:{step}]{}", subquery.range, suffix(&subquery.shift, RangeEdge::Plain))
}

/// `sum by (a, b) `
fn aggregate_head(aggregate: &AggregateExpr) -> String {
    let op = aggregate.op.as_str();
    match (aggregate.is_without, aggregate.grouping.is_empty()) {
        (true, _) => format!("{op} without ({}) ", labels(&aggregate.grouping)),
        (false, false) => format!("{op} by ({}) ", labels(&aggregate.grouping)),
        (false, true) => op.to_owned(),
    }
}

fn labels(names: &[String]) -> String {
    let names = names.iter().map(|name| if is_label_name(name) { name.clone() } else { quote(name) });
    names.collect::<Vec<_>>().join(", ")
}

/// The left side as text. A sign binds less than a power: `+Inf ^ 2` would read back as `+(Inf ^ 2)`.
fn left(binary: &BinaryExpr) -> String {
    let text = binary.lhs.to_string();
    match (binary.op, &binary.lhs.kind) {
        (BinaryOp::Pow, ExprKind::Number(_)) => text.trim_start_matches('+').to_owned(),
        _ => text,
    }
}

/// The operator with `bool` and the rules of matching.
fn operator(binary: &BinaryExpr) -> String {
    let mut out = binary.op.as_str().to_owned();
    if binary.return_bool {
        out.push_str(" bool");
    }
    let Some(matching) = &binary.matching else { return out };
    let groups = matches!(matching.cardinality, Cardinality::ManyToOne | Cardinality::OneToMany);
    if !matching.labels.is_empty() || matching.is_on || groups {
        let word = if matching.is_on { "on" } else { "ignoring" };
        out.push_str(&format!(" {word} ({})", labels(&matching.labels)));
    }
    if groups {
        let side = if matching.cardinality == Cardinality::ManyToOne { "left" } else { "right" };
        out.push_str(&format!(" group_{side} ({})", labels(&matching.include)));
    }
    match (matching.fill_left, matching.fill_right) {
        (Some(left), Some(right)) if left.to_bits() == right.to_bits() => {
            out.push_str(&format!(" fill ({})", number(left)));
        }
        (left, right) => {
            out.push_str(&left.map_or_else(String::new, |value| format!(" fill_left ({})", number(value))));
            out.push_str(&right.map_or_else(String::new, |value| format!(" fill_right ({})", number(value))));
        }
    }
    out
}
