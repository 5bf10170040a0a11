//! The syntax tree as JSON, with the field names of Prometheus's `/api/v1/parse_query`.

use crate::ast::{
    At, Call, Duration, DurationExpr, DurationKind, Expr, ExprKind, NumberLiteral, RangeEdge, TimeShift, ValueType,
    VectorMatching, VectorSelector,
};
use crate::format::number;

/// The tree as JSON text.
#[must_use]
pub fn to_json(expr: &Expr) -> String {
    let mut out = String::new();
    node(expr, &mut out);
    out
}

/// Writes an object; the fields are JSON already.
fn object(out: &mut String, fields: &[(&str, String)]) {
    out.push('{');
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&format!("\"{name}\":{value}"));
    }
    out.push('}');
}

fn child(expr: &Expr) -> String {
    to_json(expr)
}

fn node(expr: &Expr, out: &mut String) {
    match &expr.kind {
        ExprKind::Number(literal) => {
            object(out, &[("type", text("numberLiteral")), ("val", text(&number(literal.value)))]);
        }
        ExprKind::String(literal) => object(out, &[("type", text("stringLiteral")), ("val", text(&literal.text))]),
        ExprKind::Paren(inner) => object(out, &[("type", text("parenExpr")), ("expr", child(inner))]),
        ExprKind::Unary(unary) => {
            let op = if unary.is_minus { "-" } else { "+" };
            object(out, &[("type", text("unaryExpr")), ("op", text(op)), ("expr", child(&unary.expr))]);
        }
        ExprKind::Binary(binary) => object(
            out,
            &[
                ("type", text("binaryExpr")),
                ("op", text(binary.op.as_str())),
                ("lhs", child(&binary.lhs)),
                ("rhs", child(&binary.rhs)),
                ("matching", binary.matching.as_ref().map_or_else(null, matching)),
                ("bool", binary.return_bool.to_string()),
            ],
        ),
        ExprKind::Aggregate(aggregate) => object(
            out,
            &[
                ("type", text("aggregation")),
                ("op", text(aggregate.op.as_str())),
                ("expr", child(&aggregate.expr)),
                ("param", aggregate.param.as_ref().map_or_else(null, child)),
                ("grouping", texts(&aggregate.grouping)),
                ("without", aggregate.is_without.to_string()),
            ],
        ),
        ExprKind::Call(call) => object(
            out,
            &[("type", text("call")), ("func", function(call)), ("args", list(call.args.iter().map(child)))],
        ),
        ExprKind::Vector(selector) => {
            let mut fields = vec![("type", text("vectorSelector"))];
            selector_fields(selector, &mut fields);
            object(out, &fields);
        }
        ExprKind::Matrix(matrix) => {
            let mut fields = vec![("type", text("matrixSelector"))];
            duration_fields("range", "rangeExpr", Some(&matrix.range), &mut fields);
            selector_fields(&matrix.selector, &mut fields);
            object(out, &fields);
        }
        ExprKind::Subquery(subquery) => {
            let mut fields = vec![("type", text("subquery")), ("expr", child(&subquery.expr))];
            duration_fields("range", "rangeExpr", Some(&subquery.range), &mut fields);
            duration_fields("step", "stepExpr", subquery.step.as_ref(), &mut fields);
            shift_fields(&subquery.shift, &mut fields);
            object(out, &fields);
        }
        ExprKind::Missing => out.push_str("null"),
    }
}

fn function(call: &Call) -> String {
    let kinds: Vec<String> = call.function.args.iter().copied().map(kind).collect();
    let mut out = String::new();
    object(
        &mut out,
        &[
            ("name", text(call.function.name)),
            ("argTypes", list(kinds.into_iter())),
            ("variadic", call.function.variadic.to_string()),
            ("returnType", kind(call.function.returns)),
        ],
    );
    out
}

fn kind(value: ValueType) -> String {
    text(value.as_str())
}

fn matching(matching: &VectorMatching) -> String {
    let side = |value: Option<f64>| {
        value.map_or_else(null, |value| if value.is_finite() { value.to_string() } else { null() })
    };
    let mut fill = String::new();
    object(&mut fill, &[("lhs", side(matching.fill_left)), ("rhs", side(matching.fill_right))]);
    let mut out = String::new();
    object(
        &mut out,
        &[
            ("card", text(matching.cardinality.as_str())),
            ("labels", texts(&matching.labels)),
            ("on", matching.is_on.to_string()),
            ("include", texts(&matching.include)),
            ("fillValues", fill),
        ],
    );
    out
}

fn selector_fields(selector: &VectorSelector, fields: &mut Vec<(&'static str, String)>) {
    let one = |name: &str, op: &str, value: &str| {
        let mut out = String::new();
        object(&mut out, &[("name", text(name)), ("value", text(value)), ("type", text(op))]);
        out
    };
    let written = selector.label_matches.iter().map(|found| one(&found.name, found.op.as_str(), &found.value));
    let name = selector.name.iter().map(|name| one(crate::labels::NAME, "=", name));
    fields.push(("name", text(selector.name.as_deref().unwrap_or_default())));
    fields.push(("matchers", list(written.chain(name))));
    shift_fields(&selector.shift, fields);
    fields.push(("anchored", (selector.edge == RangeEdge::Anchored).to_string()));
    fields.push(("smoothed", (selector.edge == RangeEdge::Smoothed).to_string()));
}

fn shift_fields(shift: &TimeShift, fields: &mut Vec<(&'static str, String)>) {
    duration_fields("offset", "offsetExpr", shift.offset.as_ref(), fields);
    let (timestamp, start_or_end) = match shift.at {
        Some(At::Time(millis)) => (millis.to_string(), null()),
        Some(At::Start) => (null(), text("start")),
        Some(At::End) => (null(), text("end")),
        None => (null(), null()),
    };
    fields.push(("timestamp", timestamp));
    fields.push(("startOrEnd", start_or_end));
}

fn duration_fields(
    plain: &'static str,
    computed: &'static str,
    duration: Option<&Duration>,
    fields: &mut Vec<(&'static str, String)>,
) {
    let (millis, expr) = match duration {
        Some(Duration::Millis(millis)) => (millis.to_string(), null()),
        Some(Duration::Expr(expr)) => ("0".to_owned(), duration_node(expr, false)),
        None => ("0".to_owned(), null()),
    };
    fields.push((plain, millis));
    fields.push((computed, expr));
}

fn duration_node(expr: &DurationExpr, wrapped: bool) -> String {
    let both = |op: &str, left: Option<&DurationExpr>, right: Option<&DurationExpr>| {
        let side = |side: Option<&DurationExpr>| side.map_or_else(null, |side| duration_node(side, false));
        let mut out = String::new();
        let fields = [
            ("type", text("durationExpr")),
            ("op", text(op)),
            ("lhs", side(left)),
            ("rhs", side(right)),
            ("wrapped", wrapped.to_string()),
        ];
        object(&mut out, &fields);
        out
    };
    match &expr.kind {
        DurationKind::Number(literal) => duration_literal(*literal),
        DurationKind::Step => both("step", None, None),
        DurationKind::Range => both("range", None, None),
        DurationKind::Minus(inner) => both("-", None, Some(inner)),
        DurationKind::Binary(op, left, right) => both(op.as_str(), Some(left), Some(right)),
        DurationKind::MinOf(left, right) => both("min_of", Some(left), Some(right)),
        DurationKind::MaxOf(left, right) => both("max_of", Some(left), Some(right)),
        DurationKind::Paren(inner) if matches!(inner.kind, DurationKind::Number(_)) => {
            let mut out = String::new();
            let fields = [
                ("type", text("durationExpr")),
                ("op", text("+")),
                ("lhs", null()),
                ("rhs", duration_node(inner, false)),
                ("wrapped", "true".to_owned()),
            ];
            object(&mut out, &fields);
            out
        }
        DurationKind::Paren(inner) => duration_node(inner, true),
    }
}

fn duration_literal(literal: NumberLiteral) -> String {
    let mut out = String::new();
    let fields = [
        ("type", text("numberLiteral")),
        ("val", text(&number(literal.value))),
        ("duration", literal.is_duration.to_string()),
    ];
    object(&mut out, &fields);
    out
}

fn null() -> String {
    "null".to_owned()
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn texts(items: &[String]) -> String {
    list(items.iter().map(|item| text(item)))
}

/// A JSON string.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for char in value.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if u32::from(char) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}
