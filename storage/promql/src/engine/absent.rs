//! `absent` and `absent_over_time`: 1 where there is nothing.

use super::call::arg;
use super::column::{Column, Row, Steps};
use super::eval::Eval;
use crate::ast::{Call, Expr, ExprKind, VectorSelector};
use crate::error::Error;
use crate::functions::FunctionId;
use crate::labels::{Labels, LabelsBuilder, NAME};
use crate::matcher::MatchOp;

impl Eval<'_> {
    pub(super) fn absent(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let inner = arg(call, 0)?.unwrapped();
        let is_over_time = call.function.id == FunctionId::AbsentOverTime;
        let found = if is_over_time {
            super::over_time::check_edge(FunctionId::AbsentOverTime, super::range::edge_of(inner))?;
            self.has_samples(inner, steps)?
        } else {
            let mut found = vec![false; steps.count];
            self.stream(inner, steps, &mut |_, _, _, column| {
                found.iter_mut().enumerate().for_each(|(at, found)| *found |= column.has(at));
                Ok(())
            })?;
            found
        };
        let mut column = Column::default();
        for (at, _) in found.iter().enumerate().filter(|(_, found)| !**found) {
            column.set_float(at, 1.0, steps.count);
        }
        if column.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Row { labels: known_labels(inner), drop_name: is_over_time, column }])
    }
}

/// Labels that every series of a selector must have; a label that is asked for twice is not known.
fn known_labels(expr: &Expr) -> Labels {
    let selector: &VectorSelector = match &expr.kind {
        ExprKind::Vector(selector) => selector,
        ExprKind::Matrix(matrix) => &matrix.selector,
        _ => return Labels::empty(),
    };
    let mut builder = LabelsBuilder::new(&Labels::empty());
    let mut seen: Vec<&str> = Vec::new();
    for one in selector.label_matches.iter().filter(|one| one.name != NAME) {
        if one.op == MatchOp::Equal && !seen.contains(&one.name.as_str()) {
            builder.set(&one.name, one.value.as_str());
            seen.push(&one.name);
        } else {
            builder.remove(&one.name);
        }
    }
    builder.build()
}
