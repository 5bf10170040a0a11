//! Selectors: a name, conditions on labels.

use super::token::Kind;
use super::{Parsed, Parser, literal};
use crate::ast::{Expr, ExprKind, LabelMatch, PosRange, RangeEdge, TimeShift, VectorSelector};
use crate::matcher::MatchOp;

impl Parser<'_> {
    pub(super) fn vector_selector(&mut self) -> Parsed<Expr> {
        let start = self.token().range;
        let (selector, end) = self.bare_selector()?;
        Ok(Expr { kind: ExprKind::Vector(selector), range: PosRange::new(start.start, end) })
    }

    /// Nothing but a selector without range and offset.
    pub(super) fn selector_only(&mut self) -> Option<VectorSelector> {
        let names = match self.kind() {
            Kind::LeftBrace | Kind::Identifier | Kind::MetricIdentifier => true,
            Kind::Keyword(keyword) => keyword.is_metric_name(),
            _ => false,
        };
        if !names {
            self.unexpected("", "");
            return None;
        }
        let (selector, _) = self.bare_selector().ok()?;
        if self.kind() != &Kind::Eof {
            self.unexpected("", "");
        }
        self.check_name(&selector, PosRange::default());
        Some(selector)
    }

    fn bare_selector(&mut self) -> Parsed<(VectorSelector, usize)> {
        let mut end = self.token().range.end;
        let mut name = None;
        if self.kind() != &Kind::LeftBrace {
            let range = self.advance().range;
            name = Some(self.text(range).to_owned());
        }
        let mut label_matches = Vec::new();
        if self.accept(&Kind::LeftBrace).is_some() {
            end = self.label_matches(&mut label_matches)?;
        }
        let selector = VectorSelector { name, label_matches, shift: TimeShift::default(), edge: RangeEdge::Plain };
        Ok((selector, end))
    }

    /// Conditions up to the closing brace; where that ends.
    fn label_matches(&mut self, found: &mut Vec<LabelMatch>) -> Parsed<usize> {
        loop {
            if let Some(close) = self.accept(&Kind::RightBrace) {
                return Ok(close.range.end);
            }
            match self.label_match() {
                Ok(one) => found.push(one),
                // An unfinished condition at the end of the text: an editor keeps what stands before it.
                Err(_) if self.is_recovering => return Ok(self.token().range.start),
                Err(stop) => return Err(stop),
            }
            if self.accept(&Kind::Comma).is_none() && self.kind() != &Kind::RightBrace {
                self.unexpected("label matching", "\",\" or \"}\"");
                if self.is_recovering {
                    return Ok(self.token().range.start);
                }
                return Err(super::Stop);
            }
        }
    }

    fn label_match(&mut self) -> Parsed<LabelMatch> {
        let token = self.token();
        let name = match token.kind {
            Kind::Identifier => self.text(token.range).to_owned(),
            Kind::String => self.utf8(token.range, "label name")?,
            _ => return self.fail("label matching", "identifier or \"}\""),
        };
        self.advance();
        let Kind::Match(op) = *self.kind() else {
            if token.kind == Kind::String {
                let (label, op) = (crate::labels::NAME.to_owned(), MatchOp::Equal);
                return Ok(LabelMatch { name: label, op, value: name, range: token.range });
            }
            return self.fail("label matching", "label matching operator");
        };
        self.advance();
        if self.kind() != &Kind::String {
            return self.fail("label matching", "string");
        }
        let range = self.token().range;
        let value = self.utf8(range, "label value")?;
        self.advance();
        Ok(LabelMatch { name, op, value, range: PosRange::new(token.range.start, range.end) })
    }

    /// Names and values of labels are UTF-8: no series can have others.
    fn utf8(&mut self, range: PosRange, what: &str) -> Parsed<String> {
        let literal = literal::unquote(self.text(range));
        if literal.invalid.is_some() {
            let quoted = literal.quoted();
            self.error(range, format!("invalid {what} {quoted}: not UTF-8"));
            return Err(super::Stop);
        }
        Ok(literal.text)
    }
}
