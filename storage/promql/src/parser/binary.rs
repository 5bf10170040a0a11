//! Operators with two sides, and what may stand behind an operand: ranges, offsets, `@`.

use super::token::{Keyword, Kind};
use super::{Parsed, Parser};
use crate::ast::{BinaryExpr, BinaryOp, Cardinality, Expr, ExprKind, PosRange, ValueType, VectorMatching};
use crate::limits::EXPRESSION_DEPTH_MAX;

impl Parser<'_> {
    /// An expression of operators that bind at least as tightly as `least`.
    pub(super) fn expression(&mut self, least: u8) -> Parsed<Expr> {
        self.deeper(|parser| parser.climb(least))
    }

    fn climb(&mut self, least: u8) -> Parsed<Expr> {
        let mut left = self.primary()?;
        left = self.modifiers(left)?;
        let mut chain = 0;
        while let Some(op) = self.operator().filter(|op| op.precedence() >= least) {
            chain += 1;
            if self.depth + chain > EXPRESSION_DEPTH_MAX {
                let range = self.token().range;
                self.too_deep(range);
                return Err(super::Stop);
            }
            self.advance();
            let (return_bool, matching) = self.binary_modifiers()?;
            // `^` associates to the right, the others to the left.
            let right_least = if op == BinaryOp::Pow { op.precedence() } else { op.precedence() + 1 };
            let right = self.expression(right_least)?;
            let range = PosRange::new(left.range.start, right.range.end);
            let binary = BinaryExpr { op, lhs: left, rhs: right, return_bool, matching: Some(matching) };
            left = Expr { kind: ExprKind::Binary(Box::new(settled(binary))), range };
        }
        Ok(left)
    }

    fn operator(&self) -> Option<BinaryOp> {
        match self.kind() {
            Kind::Op(op) | Kind::Keyword(Keyword::Op(op)) => Some(*op),
            _ => None,
        }
    }

    fn accept_keyword(&mut self, keyword: Keyword) -> bool {
        self.accept(&Kind::Keyword(keyword)).is_some()
    }

    /// `bool`, `on (…)`, `ignoring (…)`, `group_left (…)`, `group_right (…)`, `fill (…)`
    fn binary_modifiers(&mut self) -> Parsed<(bool, VectorMatching)> {
        let mut matching = VectorMatching {
            cardinality: Cardinality::OneToOne,
            labels: Vec::new(),
            is_on: false,
            include: Vec::new(),
            fill_left: None,
            fill_right: None,
        };
        let return_bool = self.accept_keyword(Keyword::Bool);
        let is_on = self.accept_keyword(Keyword::On);
        if is_on || self.accept_keyword(Keyword::Ignoring) {
            matching.is_on = is_on;
            matching.labels = self.grouping_labels()?;
            let is_left = self.accept_keyword(Keyword::GroupLeft);
            if is_left || self.accept_keyword(Keyword::GroupRight) {
                matching.cardinality = if is_left { Cardinality::ManyToOne } else { Cardinality::OneToMany };
                if self.kind() == &Kind::LeftParen {
                    matching.include = self.grouping_labels()?;
                }
            }
        }
        if self.accept_keyword(Keyword::Fill) {
            let value = self.fill_value()?;
            (matching.fill_left, matching.fill_right) = (Some(value), Some(value));
        } else if self.accept_keyword(Keyword::FillLeft) {
            matching.fill_left = Some(self.fill_value()?);
            if self.accept_keyword(Keyword::FillRight) {
                matching.fill_right = Some(self.fill_value()?);
            }
        } else if self.accept_keyword(Keyword::FillRight) {
            matching.fill_right = Some(self.fill_value()?);
            if self.accept_keyword(Keyword::FillLeft) {
                matching.fill_left = Some(self.fill_value()?);
            }
        }
        Ok((return_bool, matching))
    }

    fn fill_value(&mut self) -> Parsed<f64> {
        if self.accept(&Kind::LeftParen).is_none() {
            return self.fail("", "");
        }
        let value = self.signed_number()?;
        if self.accept(&Kind::RightParen).is_none() {
            return self.fail("", "");
        }
        Ok(value)
    }
}

/// Set operators match many with many; between scalars nothing is matched (and labels to match by are a mistake, found later).
fn settled(mut binary: BinaryExpr) -> BinaryExpr {
    let vectors = binary.lhs.value_type() == ValueType::Vector && binary.rhs.value_type() == ValueType::Vector;
    if let Some(matching) = &mut binary.matching {
        if binary.op.is_set() && matching.cardinality == Cardinality::OneToOne {
            matching.cardinality = Cardinality::ManyToMany;
        }
        let means_something =
            !matching.labels.is_empty() || matching.fill_left.is_some() || matching.fill_right.is_some();
        if !vectors && !means_something {
            binary.matching = None;
        }
    }
    binary
}
