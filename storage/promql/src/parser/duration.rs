//! Durations: plain ones, and arithmetic on them.

use super::token::{Keyword, Kind};
use super::{Parsed, Parser, Stop};
use crate::ast::{BinaryOp, Duration, DurationExpr, DurationKind, NumberLiteral, PosRange};

/// The longest duration in seconds: nanoseconds in 64 bits.
pub(crate) const SECONDS_MAX: f64 = 9_223_372_036.854_776;

/// Whole milliseconds of seconds, as Prometheus gets them: rounded to nanoseconds, then cut.
#[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "casts of floats saturate")]
pub(crate) fn millis_of(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64 / 1_000_000
}

impl Parser<'_> {
    /// A duration in brackets: above zero where that is known.
    pub(super) fn positive_duration(&mut self) -> Parsed<Duration> {
        let expr = self.duration_expr(0)?;
        if let DurationKind::Number(number) = &expr.kind
            && number.value <= 0.0
        {
            self.error(expr.range, "duration must be greater than 0");
        }
        Ok(settled(expr))
    }

    /// What stands behind `offset`: a number, a call, or parentheses, with or without a sign. `x offset 1m + y` is (x offset 1m) + y.
    pub(super) fn offset_duration(&mut self) -> Parsed<Duration> {
        let signed = match self.kind() {
            Kind::Op(BinaryOp::Sub) => Some(true),
            Kind::Op(BinaryOp::Add) => Some(false),
            _ => None,
        };
        let start = self.token().range.start;
        if signed.is_some() {
            self.advance();
        }
        let starts = match self.kind() {
            Kind::Number | Kind::Duration | Kind::LeftParen => true,
            Kind::Keyword(keyword) => keyword.is_function_name() && !matches!(keyword, Keyword::Start | Keyword::End),
            _ => false,
        };
        if !starts {
            return self.fail("offset", "number, duration, step(), or range()");
        }
        let operand = self.duration_operand()?;
        let expr = if signed == Some(true) { self.negated(operand, start)? } else { operand };
        Ok(settled(expr))
    }

    fn duration_expr(&mut self, least: u8) -> Parsed<DurationExpr> {
        self.deeper(|parser| {
            let mut left = parser.duration_operand()?;
            let mut chain = 0;
            while let Kind::Op(op) = *parser.kind() {
                if op.precedence() < least.max(BinaryOp::Add.precedence()) {
                    break;
                }
                chain += 1;
                if parser.depth + chain > crate::limits::EXPRESSION_DEPTH_MAX {
                    let range = parser.token().range;
                    parser.too_deep(range);
                    return Err(Stop);
                }
                let place = parser.advance().range;
                let right_least = if op == BinaryOp::Pow { op.precedence() } else { op.precedence() + 1 };
                let right = parser.duration_expr(right_least)?;
                if let (BinaryOp::Div | BinaryOp::Mod, DurationKind::Number(number)) = (op, &right.kind)
                    && number.value == 0.0
                {
                    let text = if op == BinaryOp::Div { "division by zero" } else { "modulo by zero" };
                    parser.error(place, text);
                    return Err(Stop);
                }
                let range = PosRange::new(left.range.start, right.range.end);
                left = DurationExpr { kind: DurationKind::Binary(op, Box::new(left), Box::new(right)), range };
            }
            Ok(left)
        })
    }

    fn duration_operand(&mut self) -> Parsed<DurationExpr> {
        let token = self.token();
        match token.kind {
            Kind::Number | Kind::Duration => {
                let number = self.number_literal()?;
                self.bounded(number, token.range)
            }
            Kind::Op(op @ (BinaryOp::Add | BinaryOp::Sub)) => {
                self.advance();
                let operand = self.duration_expr(BinaryOp::Mul.precedence() + 1)?;
                if op == BinaryOp::Sub { self.negated(operand, token.range.start) } else { Ok(operand) }
            }
            Kind::LeftParen => {
                self.advance();
                let inner = self.duration_expr(0)?;
                let end = self.close(inner.range.end)?;
                let range = PosRange::new(token.range.start, end);
                Ok(DurationExpr { kind: DurationKind::Paren(Box::new(inner)), range })
            }
            Kind::Keyword(keyword @ (Keyword::Step | Keyword::Range | Keyword::MinOf | Keyword::MaxOf)) => {
                self.advance();
                self.duration_call(keyword, token.range.start)
            }
            _ => self.fail("subquery or range selector", "number, duration, step(), or range()"),
        }
    }

    fn duration_call(&mut self, keyword: Keyword, start: usize) -> Parsed<DurationExpr> {
        if self.accept(&Kind::LeftParen).is_none() {
            return self.fail("subquery or range selector", "number, duration, step(), or range()");
        }
        let kind = match keyword {
            Keyword::Step => DurationKind::Step,
            Keyword::Range => DurationKind::Range,
            _ => {
                let left = Box::new(self.duration_expr(0)?);
                if self.accept(&Kind::Comma).is_none() {
                    return self.fail("", "");
                }
                let right = Box::new(self.duration_expr(0)?);
                if keyword == Keyword::MinOf {
                    DurationKind::MinOf(left, right)
                } else {
                    DurationKind::MaxOf(left, right)
                }
            }
        };
        let end = self.close(start)?;
        Ok(DurationExpr { kind, range: PosRange::new(start, end) })
    }

    fn negated(&mut self, operand: DurationExpr, start: usize) -> Parsed<DurationExpr> {
        let range = PosRange::new(start, operand.range.end);
        match operand.kind {
            DurationKind::Number(number) => self.bounded(NumberLiteral { value: -number.value, ..number }, range),
            _ => Ok(DurationExpr { kind: DurationKind::Minus(Box::new(operand)), range }),
        }
    }

    fn bounded(&mut self, number: NumberLiteral, range: PosRange) -> Parsed<DurationExpr> {
        if number.value.abs() > SECONDS_MAX || number.value.is_nan() {
            self.error(range, "duration out of range");
            return Err(Stop);
        }
        Ok(DurationExpr { kind: DurationKind::Number(number), range })
    }
}

/// A plain number becomes milliseconds.
fn settled(expr: DurationExpr) -> Duration {
    match expr.kind {
        DurationKind::Number(number) => Duration::Millis(millis_of(number.value)),
        _ => Duration::Expr(Box::new(expr)),
    }
}
