//! An expression over several lines, each operand on its own when the whole does not fit.

use crate::ast::{Expr, ExprKind};

/// Characters of a line before it is broken.
const LINE: usize = 100;

/// The expression as `/api/v1/format_query` answers it.
#[must_use]
pub fn pretty(expr: &Expr) -> String {
    at(expr, 0)
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

fn at(expr: &Expr, level: usize) -> String {
    let flat = expr.to_string();
    let (pad, next) = (indent(level), level + 1);
    let is_long = flat.len() > LINE;
    match &expr.kind {
        ExprKind::Unary(unary) => {
            let sign = if unary.is_minus { "-" } else { "+" };
            format!("{pad}{sign}{}", at(&unary.expr, level).trim())
        }
        ExprKind::Subquery(subquery) if is_long => {
            format!("{}{}", at(&subquery.expr, level), super::subquery_suffix(subquery))
        }
        ExprKind::Binary(binary) if is_long => {
            let op = super::operator(binary);
            let left = match &binary.lhs.kind {
                ExprKind::Number(_) => indent(next) + &super::left(binary),
                _ => at(&binary.lhs, next),
            };
            format!("{left}\n{pad}{op}\n{}", at(&binary.rhs, next))
        }
        ExprKind::Aggregate(aggregate) if is_long => {
            let param = aggregate.param.as_ref().map_or_else(String::new, |param| format!("{},\n", at(param, next)));
            format!("{pad}{}(\n{param}{}\n{pad})", super::aggregate_head(aggregate), at(&aggregate.expr, next))
        }
        ExprKind::Call(call) if is_long => {
            let args: Vec<String> = call.args.iter().map(|arg| at(arg, next)).collect();
            format!("{pad}{}(\n{}\n{pad})", call.function.name, args.join(",\n"))
        }
        ExprKind::Paren(inner) if is_long => format!("{pad}(\n{}\n{pad})", at(inner, next)),
        _ => format!("{pad}{flat}"),
    }
}
