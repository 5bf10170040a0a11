//! Types: which values may stand where. Run when the syntax is right.

use super::Parser;
use crate::ast::{
    AggregateExpr, AggregateOp, BinaryExpr, Call, Cardinality, Expr, ExprKind, LabelMatch, PosRange, ValueType,
    VectorSelector,
};
use crate::functions::FunctionId;
use crate::matcher::{MatchOp, Matcher};

impl Parser<'_> {
    /// Checks an expression and everything below it. `compile`: regular expressions too.
    pub(super) fn check(&mut self, expr: &Expr, compile: bool) {
        match &expr.kind {
            ExprKind::Paren(inner) => self.check(inner, compile),
            ExprKind::Unary(unary) => {
                self.check(&unary.expr, compile);
                let found = unary.expr.value_type();
                if !matches!(found, ValueType::Scalar | ValueType::Vector) {
                    let text = "unary expression only allowed on expressions of type scalar or instant vector";
                    self.error(expr.range, format!("{text}, got {:?}", found.documented()));
                }
            }
            ExprKind::Binary(binary) => self.check_binary(binary, expr.range, compile),
            ExprKind::Aggregate(aggregate) => self.check_aggregate(aggregate, compile),
            ExprKind::Call(call) => self.check_call(call, expr.range, compile),
            ExprKind::Vector(selector) => self.check_selector(selector, expr.range, compile, false),
            ExprKind::Matrix(matrix) => self.check_selector(&matrix.selector, matrix.selector_range, compile, false),
            ExprKind::Subquery(subquery) => {
                self.check(&subquery.expr, compile);
                let found = subquery.expr.value_type();
                if found != ValueType::Vector {
                    let text = format!("subquery is only allowed on instant vector, got {} instead", found.as_str());
                    self.error(expr.range, text);
                }
            }
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Missing => {}
        }
    }

    fn check_aggregate(&mut self, aggregate: &AggregateExpr, compile: bool) {
        self.expect_type(&aggregate.expr, ValueType::Vector, "aggregation expression", compile);
        if let Some(param) = &aggregate.param {
            let wanted = if aggregate.op == AggregateOp::CountValues { ValueType::String } else { ValueType::Scalar };
            self.expect_type(param, wanted, "aggregation parameter", compile);
        }
    }

    fn expect_type(&mut self, expr: &Expr, wanted: ValueType, context: &str, compile: bool) {
        self.check(expr, compile);
        let found = expr.value_type();
        if found != wanted {
            let (wanted, found) = (wanted.documented(), found.documented());
            self.error(expr.range, format!("expected type {wanted} in {context}, got {found}"));
        }
    }

    fn check_binary(&mut self, binary: &BinaryExpr, range: PosRange, compile: bool) {
        self.check(&binary.lhs, compile);
        self.check(&binary.rhs, compile);
        let (left, right) = (binary.lhs.value_type(), binary.rhs.value_type());
        let place = self.operator_place(binary);
        let scalars = left == ValueType::Scalar && right == ValueType::Scalar;
        if binary.return_bool && !binary.op.is_comparison() {
            self.error(place, "bool modifier can only be used on comparison operators");
        }
        if binary.op.is_comparison() && !binary.return_bool && scalars {
            self.error(place, "comparisons between scalars must use BOOL modifier");
        }
        if (left == ValueType::Scalar || right == ValueType::Scalar) && binary.op.is_set() {
            self.error(range, format!("set operator {:?} not allowed in binary scalar expression", binary.op.as_str()));
        }
        for (found, place) in [(left, binary.lhs.range), (right, binary.rhs.range)] {
            if !matches!(found, ValueType::Scalar | ValueType::Vector) {
                self.error(place, "binary expression must contain only scalar and instant vector types");
            }
        }
        let Some(matching) = &binary.matching else { return };
        for label in matching.labels.iter().filter(|label| matching.is_on && matching.include.contains(label)) {
            self.error(place, format!("label {label:?} must not occur in ON and GROUP clause at once"));
        }
        let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
        if left != ValueType::Vector || right != ValueType::Vector {
            if !matching.labels.is_empty() {
                self.error(range, "vector matching only allowed between instant vectors");
            }
            if fills {
                self.error(range, "filling in missing series only allowed between instant vectors");
            }
        } else if binary.op.is_set() {
            if matches!(matching.cardinality, Cardinality::OneToMany | Cardinality::ManyToOne) {
                self.error(range, format!("no grouping allowed for {:?} operation", binary.op.as_str()));
            }
            if fills {
                self.error(range, "filling in missing series not allowed for set operators");
            }
        }
    }

    /// From the operator to the last of its modifiers, without the blanks around.
    fn operator_place(&self, binary: &BinaryExpr) -> PosRange {
        let (start, end) = (binary.lhs.range.end, binary.rhs.range.start);
        let between = self.source.get(start..end).unwrap_or_default();
        let start = start + (between.len() - between.trim_start().len());
        PosRange::new(start, start + between.trim().len())
    }

    fn check_call(&mut self, call: &Call, range: PosRange, compile: bool) {
        let function = call.function;
        let (name, wanted, got) = (function.name, function.args.len(), call.args.len());
        let least = wanted.saturating_sub(1);
        if function.variadic == 0 {
            if wanted != got {
                self.error(range, format!("expected {wanted} argument(s) in call to {name:?}, got {got}"));
            }
        } else if got < least {
            self.error(range, format!("expected at least {least} argument(s) in call to {name:?}, got {got}"));
        } else if let Ok(more) = usize::try_from(function.variadic)
            && got > least + more
        {
            self.error(range, format!("expected at most {} argument(s) in call to {name:?}, got {got}", least + more));
        }
        for (at, arg) in call.args.iter().enumerate() {
            let wanted = match function.args.get(at) {
                Some(wanted) => *wanted,
                None if function.variadic == 0 => break,
                None => function.args.last().copied().unwrap_or(ValueType::Vector),
            };
            if function.id == FunctionId::Info && at == 1 {
                self.check_info_selector(arg, range, compile);
                continue;
            }
            self.check(arg, compile);
            let found = arg.value_type();
            if found != wanted {
                let (wanted, found) = (wanted.documented(), found.documented());
                self.error(arg.range, format!("expected type {wanted} in call to function {name:?}, got {found}"));
            }
        }
    }

    /// The second argument of `info` has conditions on labels only.
    fn check_info_selector(&mut self, arg: &Expr, call: PosRange, compile: bool) {
        let found = arg.value_type();
        if found != ValueType::Vector {
            let text = "expected type instant vector in call to function \"info\"";
            self.error(call, format!("{text}, got {}", found.documented()));
        }
        match &arg.kind {
            ExprKind::Vector(selector) if selector.name.is_some() => {
                self.error(arg.range, "expected label selectors only, got vector selector instead");
            }
            ExprKind::Vector(selector) => self.check_selector(selector, arg.range, compile, true),
            _ => self.error(arg.range, "expected label selectors only"),
        }
    }

    fn check_selector(&mut self, selector: &VectorSelector, range: PosRange, compile: bool, may_be_empty: bool) {
        self.check_name(selector, range);
        if compile && let Err((place, text)) = selector.matchers() {
            self.error(place, text);
            return;
        }
        if selector.name.is_none() && !may_be_empty && selector.label_matches.iter().all(|one| is_empty(one, compile)) {
            self.error(range, "vector selector must contain at least one non-empty matcher");
        }
    }

    pub(super) fn check_name(&mut self, selector: &VectorSelector, range: PosRange) {
        let Some(name) = &selector.name else { return };
        for other in selector.label_matches.iter().filter(|one| one.name == crate::labels::NAME) {
            self.error(range, format!("metric name must not be set twice: {name:?} or {:?}", other.value));
        }
    }
}

/// Whether a series without the label fits. Without a compiler for regular expressions only the plain ones are known to.
fn is_empty(one: &LabelMatch, compile: bool) -> bool {
    match (one.op, compile) {
        (MatchOp::Equal, _) => one.value.is_empty(),
        (MatchOp::NotEqual, _) => !one.value.is_empty(),
        (_, true) => Matcher::new(&*one.name, one.op, &*one.value).is_ok_and(|matcher| matcher.matches_empty()),
        (MatchOp::Regex, false) => matches!(one.value.as_str(), "" | ".*"),
        (MatchOp::NotRegex, false) => matches!(one.value.as_str(), ".+"),
    }
}
