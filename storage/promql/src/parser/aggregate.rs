//! Aggregations and lists of labels.

use super::token::{Keyword, Kind};
use super::{Parsed, Parser, literal};
use crate::ast::{AggregateExpr, AggregateOp, Expr, ExprKind, PosRange};

impl Parser<'_> {
    pub(super) fn aggregation(&mut self, op: AggregateOp) -> Parsed<Expr> {
        let start = self.advance().range.start;
        let mut modifier = self.aggregate_modifier()?;
        if self.kind() != &Kind::LeftParen {
            return self.fail("aggregation", "");
        }
        self.aggregations += 1;
        let args = self.arguments();
        self.aggregations -= 1;
        let (args, mut end) = args?;
        if modifier.is_none() {
            modifier = self.aggregate_modifier()?;
            end = modifier.as_ref().map_or(end, |modifier| modifier.2);
        }
        let (grouping, is_without, _) = modifier.unwrap_or_default();
        let range = PosRange::new(start, end);
        let Some((param, expr)) = self.aggregate_arguments(op, args, range) else { return self.missing() };
        let aggregate = AggregateExpr { op, expr, param, grouping, is_without };
        Ok(Expr { kind: ExprKind::Aggregate(Box::new(aggregate)), range })
    }

    fn aggregate_arguments(
        &mut self,
        op: AggregateOp,
        args: Vec<Expr>,
        range: PosRange,
    ) -> Option<(Option<Expr>, Expr)> {
        let wanted = if op.has_param() { 2 } else { 1 };
        let count = args.len();
        if count == 0 {
            self.error(range, "no arguments for aggregate expression provided");
            return None;
        }
        if count != wanted {
            let text = "wrong number of arguments for aggregate expression provided";
            self.error(range, format!("{text}, expected {wanted}, got {count}"));
            return None;
        }
        let mut args = args.into_iter();
        let param = if op.has_param() { args.next() } else { None };
        args.next().map(|expr| (param, expr))
    }

    /// `by (…)` or `without (…)`: the labels, which of them, and the end.
    fn aggregate_modifier(&mut self) -> Parsed<Option<(Vec<String>, bool, usize)>> {
        let is_without = match self.kind() {
            Kind::Keyword(Keyword::By) => false,
            Kind::Keyword(Keyword::Without) => true,
            _ => return Ok(None),
        };
        self.advance();
        let labels = self.grouping_labels()?;
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.range.end);
        Ok(Some((labels, is_without, end)))
    }

    /// `(a, b, "c.d")`, a comma at the end allowed.
    pub(super) fn grouping_labels(&mut self) -> Parsed<Vec<String>> {
        if self.accept(&Kind::LeftParen).is_none() {
            return self.fail("grouping opts", "\"(\"");
        }
        let mut labels = Vec::new();
        while self.accept(&Kind::RightParen).is_none() {
            labels.push(self.grouping_label()?);
            if self.accept(&Kind::Comma).is_none() && self.kind() != &Kind::RightParen {
                return self.fail("grouping opts", "\",\" or \")\"");
            }
        }
        Ok(labels)
    }

    fn grouping_label(&mut self) -> Parsed<String> {
        let token = self.token();
        let text = self.text(token.range);
        let name = match token.kind {
            Kind::Identifier | Kind::MetricIdentifier | Kind::Keyword(_) => text.to_owned(),
            // Inf and NaN are names here.
            Kind::Number if text.starts_with(|char: char| char.is_ascii_alphabetic()) => {
                return self.fail("grouping opts", "label");
            }
            Kind::String => {
                let unquoted = literal::unquote(text);
                if unquoted.invalid.is_some() || unquoted.text.is_empty() {
                    let name = unquoted.quoted();
                    self.error(token.range, format!("invalid label name for grouping: {name}"));
                    return Err(super::Stop);
                }
                unquoted.text
            }
            _ => return self.fail("grouping opts", "label"),
        };
        self.advance();
        Ok(name)
    }
}
