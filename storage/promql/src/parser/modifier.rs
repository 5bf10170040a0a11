//! What may stand behind an operand: `[5m]`, `[5m:1m]`, `offset`, `@`, `anchored`, `smoothed`.

use super::token::{Keyword, Kind};
use super::{Parsed, Parser};
use crate::ast::{At, Duration, Expr, ExprKind, MatrixSelector, PosRange, RangeEdge, SubqueryExpr, TimeShift};

impl Parser<'_> {
    pub(super) fn modifiers(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let mut chain = 0;
        loop {
            match self.kind() {
                Kind::LeftBracket => expr = self.bracket(expr)?,
                Kind::At => self.at_modifier(&mut expr)?,
                Kind::Keyword(Keyword::Offset) => self.offset(&mut expr)?,
                Kind::Keyword(Keyword::Anchored) => self.edge(&mut expr, RangeEdge::Anchored),
                Kind::Keyword(Keyword::Smoothed) => self.edge(&mut expr, RangeEdge::Smoothed),
                _ => return Ok(expr),
            }
            chain += 1;
            if self.depth + chain > crate::limits::EXPRESSION_DEPTH_MAX {
                self.too_deep(expr.range);
                return Err(super::Stop);
            }
        }
    }

    fn bracket(&mut self, expr: Expr) -> Parsed<Expr> {
        let open = self.advance().range;
        let range = self.positive_duration()?;
        if self.accept(&Kind::Colon).is_some() {
            return self.subquery(expr, range);
        }
        let Some(close) = self.accept(&Kind::RightBracket) else {
            return self.fail("subquery or range", "\":\" or \"]\"");
        };
        let place = PosRange::new(open.start, close.range.end);
        let selector_range = expr.range;
        let ExprKind::Vector(selector) = expr.kind else {
            self.error(place, "ranges only allowed for vector selectors");
            return self.missing();
        };
        if selector.shift.offset.is_some() {
            self.error(place, "no offset modifiers allowed before range");
        } else if selector.shift.at.is_some() {
            self.error(place, "no @ modifiers allowed before range");
        }
        let kind = ExprKind::Matrix(MatrixSelector { selector, selector_range, range });
        Ok(Expr { kind, range: PosRange::new(selector_range.start, close.range.end) })
    }

    fn subquery(&mut self, expr: Expr, range: Duration) -> Parsed<Expr> {
        let mut step = None;
        if self.kind() != &Kind::RightBracket {
            if matches!(self.kind(), Kind::Eof | Kind::Error(_)) {
                return self.fail("subquery selector", "number, duration, step(), range(), or \"]\"");
            }
            step = Some(self.positive_duration()?);
        }
        let Some(close) = self.accept(&Kind::RightBracket) else {
            return self.fail("subquery selector", "\"]\"");
        };
        let place = PosRange::new(expr.range.start, close.range.end);
        let subquery = SubqueryExpr { expr, range, step, shift: TimeShift::default() };
        Ok(Expr { kind: ExprKind::Subquery(Box::new(subquery)), range: place })
    }

    fn offset(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance();
        let offset = self.offset_duration()?;
        let end = self.previous_end();
        let whole = expr.range;
        let Some(shift) = shift_of(expr) else {
            let text =
                "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery";
            self.error(whole, text);
            return if self.is_recovering { Ok(()) } else { Err(super::Stop) };
        };
        if shift.offset.is_some() {
            self.error(whole, "offset may not be set multiple times");
        } else {
            // A plain offset of zero is as good as none.
            shift.offset = Some(offset).filter(|offset| *offset != Duration::Millis(0));
        }
        expr.range.end = end;
        Ok(())
    }

    fn previous_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.range.end)
    }

    fn at_modifier(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance();
        let at = match self.kind() {
            Kind::Keyword(keyword @ (Keyword::Start | Keyword::End)) => {
                let at = if *keyword == Keyword::Start { At::Start } else { At::End };
                self.advance();
                if self.accept(&Kind::LeftParen).is_none() || self.accept(&Kind::RightParen).is_none() {
                    return self.fail("@", "timestamp");
                }
                at
            }
            Kind::Number | Kind::Duration | Kind::Op(_) => {
                if self.kind_is_sign() && !matches!(self.kind_after(), Kind::Number | Kind::Duration) {
                    return self.fail("@", "timestamp");
                }
                let seconds = self.signed_number()?;
                At::Time(self.timestamp(seconds, expr.range))
            }
            _ => return self.fail("@", "timestamp"),
        };
        let end = self.previous_end();
        let whole = expr.range;
        let Some(shift) = shift_of(expr) else {
            let text =
                "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery";
            self.error(whole, text);
            return if self.is_recovering { Ok(()) } else { Err(super::Stop) };
        };
        if shift.at.is_some() {
            self.error(whole, "@ <timestamp> may not be set multiple times");
        } else {
            shift.at = Some(at);
        }
        expr.range.end = end;
        Ok(())
    }

    fn kind_is_sign(&self) -> bool {
        matches!(self.kind(), Kind::Op(_))
    }

    #[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "bounded right before")]
    fn timestamp(&mut self, seconds: f64, range: PosRange) -> i64 {
        const BOUND: f64 = 9_223_372_036_854_775_807.0;
        if seconds.is_nan() || seconds >= BOUND || seconds <= -BOUND {
            let text = match seconds {
                seconds if seconds == f64::INFINITY => "+Inf".to_owned(),
                seconds if seconds == f64::NEG_INFINITY => "-Inf".to_owned(),
                seconds => format!("{seconds:.6}"),
            };
            self.error(range, format!("timestamp out of bounds for @ modifier: {text}"));
            return 0;
        }
        (seconds * 1000.0).round() as i64
    }

    fn edge(&mut self, expr: &mut Expr, edge: RangeEdge) {
        let word = if edge == RangeEdge::Anchored { "anchored" } else { "smoothed" };
        self.advance();
        let selector = match &mut expr.kind {
            ExprKind::Vector(selector) => selector,
            ExprKind::Matrix(matrix) => &mut matrix.selector,
            ExprKind::Subquery(_) => {
                return self.error(expr.range, format!("{word} modifier is not supported for subqueries"));
            }
            _ => return self.error(expr.range, format!("{word} modifier not implemented")),
        };
        if selector.edge != RangeEdge::Plain && selector.edge != edge {
            self.error(expr.range, "anchored and smoothed modifiers cannot be used together");
        }
        selector.edge = edge;
    }
}

/// Where an expression keeps its offset and `@`; none where it can have neither.
fn shift_of(expr: &mut Expr) -> Option<&mut TimeShift> {
    match &mut expr.kind {
        ExprKind::Vector(selector) => Some(&mut selector.shift),
        ExprKind::Matrix(matrix) => Some(&mut matrix.selector.shift),
        ExprKind::Subquery(subquery) => Some(&mut subquery.shift),
        _ => None,
    }
}
