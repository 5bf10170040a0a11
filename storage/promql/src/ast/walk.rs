//! Walks over the tree.

use super::{Expr, ExprKind, VectorSelector};

impl Expr {
    /// The expressions right below this one, in the order of the text.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Paren(inner) => vec![inner],
            ExprKind::Unary(unary) => vec![&unary.expr],
            ExprKind::Binary(binary) => vec![&binary.lhs, &binary.rhs],
            ExprKind::Aggregate(aggregate) => aggregate.param.iter().chain(std::iter::once(&aggregate.expr)).collect(),
            ExprKind::Call(call) => call.args.iter().collect(),
            ExprKind::Subquery(subquery) => vec![&subquery.expr],
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Vector(_)
            | ExprKind::Matrix(_)
            | ExprKind::Missing => Vec::new(),
        }
    }

    /// Every selector of the expression, in the order of the text.
    #[must_use]
    pub fn selectors(&self) -> Vec<&VectorSelector> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(expr) = open.pop() {
            match &expr.kind {
                ExprKind::Vector(selector) => found.push(selector),
                ExprKind::Matrix(matrix) => found.push(&matrix.selector),
                _ => open.extend(expr.children().into_iter().rev()),
            }
        }
        found
    }
}
