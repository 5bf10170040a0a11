//! Operands: numbers, texts, parentheses, signs; and which word starts what.

use super::token::{Keyword, Kind};
use super::{Parsed, Parser, literal};
use crate::ast::{BinaryOp, Expr, ExprKind, NumberLiteral, PosRange, UnaryExpr};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        match self.kind().clone() {
            Kind::Op(op @ (BinaryOp::Add | BinaryOp::Sub)) => self.unary(op == BinaryOp::Sub),
            Kind::Number | Kind::Duration => {
                let range = self.token().range;
                let number = self.number_literal()?;
                Ok(Expr { kind: ExprKind::Number(number), range })
            }
            Kind::String => {
                let range = self.advance().range;
                Ok(Expr { kind: ExprKind::String(literal::unquote(self.text(range))), range })
            }
            Kind::LeftParen => self.paren(),
            Kind::LeftBrace | Kind::MetricIdentifier => self.vector_selector(),
            Kind::Identifier if self.kind_after() == &Kind::LeftParen => self.call(),
            Kind::Identifier => self.vector_selector(),
            Kind::Keyword(Keyword::Aggregate(op)) if self.starts_aggregation() => self.aggregation(op),
            Kind::Keyword(keyword) if keyword.is_function_name() && self.kind_after() == &Kind::LeftParen => {
                self.call()
            }
            Kind::Keyword(keyword) if keyword.is_metric_name() => self.vector_selector(),
            _ => self.no_operand(),
        }
    }

    fn no_operand(&mut self) -> Parsed<Expr> {
        self.unexpected("", "");
        let closes = matches!(
            self.kind(),
            Kind::Eof | Kind::Error(_) | Kind::RightParen | Kind::RightBracket | Kind::Comma | Kind::Op(_)
        );
        let missing = self.missing()?;
        if !closes {
            self.advance();
        }
        Ok(missing)
    }

    fn starts_aggregation(&self) -> bool {
        matches!(self.kind_after(), Kind::LeftParen | Kind::Keyword(Keyword::By | Keyword::Without))
    }

    /// A sign binds like `*`: `-2^2` is −4, `-1 * 2` is (−1) · 2. A sign before a number is part of the number.
    fn unary(&mut self, is_minus: bool) -> Parsed<Expr> {
        let start = self.advance().range.start;
        let inner = self.expression(BinaryOp::Mul.precedence() + 1)?;
        let range = PosRange::new(start, inner.range.end);
        let kind = match inner.kind {
            ExprKind::Number(number) if is_minus => ExprKind::Number(NumberLiteral { value: -number.value, ..number }),
            ExprKind::Number(number) => ExprKind::Number(number),
            _ => ExprKind::Unary(UnaryExpr { is_minus, expr: Box::new(inner) }),
        };
        Ok(Expr { kind, range })
    }

    fn paren(&mut self) -> Parsed<Expr> {
        let start = self.advance().range.start;
        let inner = self.expression(0)?;
        let end = self.close(inner.range.end)?;
        Ok(Expr { kind: ExprKind::Paren(Box::new(inner)), range: PosRange::new(start, end) })
    }

    /// A closing parenthesis; its end.
    pub(super) fn close(&mut self, fallback: usize) -> Parsed<usize> {
        if let Some(token) = self.accept(&Kind::RightParen) {
            return Ok(token.range.end);
        }
        self.unexpected("", "");
        if self.is_recovering { Ok(fallback) } else { Err(super::Stop) }
    }

    /// A number or a duration, the token at hand.
    pub(super) fn number_literal(&mut self) -> Parsed<NumberLiteral> {
        let token = self.advance();
        let text = self.text(token.range);
        if token.kind == Kind::Duration {
            return match literal::duration(text) {
                #[expect(clippy::cast_precision_loss, reason = "the language has one kind of number")]
                Ok(millis) => Ok(NumberLiteral { value: millis as f64 / 1000.0, is_duration: true }),
                Err(message) => {
                    self.error(token.range, message);
                    Err(super::Stop)
                }
            };
        }
        if let Some(value) = literal::number(text) {
            return Ok(NumberLiteral { value, is_duration: false });
        }
        let quoted = crate::text::quote(text);
        self.error(token.range, format!("error parsing number: strconv.ParseFloat: parsing {quoted}: invalid syntax"));
        Err(super::Stop)
    }

    /// A number with or without a sign.
    pub(super) fn signed_number(&mut self) -> Parsed<f64> {
        let is_minus = self.accept(&Kind::Op(BinaryOp::Sub)).is_some();
        if !is_minus {
            self.accept(&Kind::Op(BinaryOp::Add));
        }
        if !matches!(self.kind(), Kind::Number | Kind::Duration) {
            return self.fail("", "");
        }
        let number = self.number_literal()?;
        Ok(if is_minus { -number.value } else { number.value })
    }
}
