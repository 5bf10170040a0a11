//! `quantile`: all values of a group at a step are needed at once.

use std::collections::HashMap;

use super::Grouping;
use crate::ast::{AggregateExpr, PosRange};
use crate::engine::classic::check_quantile;
use crate::engine::column::{Column, Row, Steps};
use crate::engine::eval::Eval;
use crate::error::Error;
use crate::labels::Labels;
use crate::math::quantile;

impl Eval<'_> {
    pub(super) fn quantile(
        &mut self,
        aggregate: &AggregateExpr,
        grouping: &Grouping<'_>,
        steps: Steps,
    ) -> Result<Vec<Row>, Error> {
        let Some(param) = aggregate.param.as_ref().map(crate::ast::Expr::unwrapped) else {
            return Err(Error::execution("quantile has no parameter"));
        };
        let qs = self.scalar(param, steps)?;
        let rows = self.vector(aggregate.expr.unwrapped(), steps)?;
        check_all(&qs, param.range, self);
        let place = aggregate.expr.unwrapped().range;
        let mut order: Vec<(Labels, bool, Vec<usize>)> = Vec::new();
        let mut by_key: HashMap<Labels, usize> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let key = grouping.key(&row.labels);
            let group = *by_key.entry(key).or_insert_with(|| {
                order.push((grouping.labels(&row.labels), false, Vec::new()));
                order.len() - 1
            });
            if let Some(group) = order.get_mut(group) {
                group.1 |= row.drop_name;
                group.2.push(at);
            }
            if row.column.has_histograms() {
                self.notes.info("ignored histogram in quantile aggregation", place);
            }
        }
        let mut values = Vec::new();
        let mut out = Vec::with_capacity(order.len());
        for (labels, drop_name, members) in order {
            let mut column = Column::default();
            for (at, q) in qs.iter().enumerate() {
                values.clear();
                values.extend(members.iter().filter_map(|row| rows.get(*row)?.column.float(at)));
                if !values.is_empty() {
                    column.set_float(at, quantile(*q, &mut values), steps.count);
                }
            }
            if !column.is_empty() {
                out.push(Row { labels, drop_name, column });
            }
        }
        Ok(out)
    }
}

/// Prometheus notes the worst ones of all steps.
fn check_all(qs: &[f64], place: PosRange, eval: &mut Eval<'_>) {
    if qs.iter().any(|q| q.is_nan()) {
        check_quantile(f64::NAN, place, &mut eval.notes);
    }
    let numbers = || qs.iter().copied().filter(|q| !q.is_nan());
    for extreme in [numbers().reduce(f64::max), numbers().reduce(f64::min)].into_iter().flatten() {
        check_quantile(extreme, place, &mut eval.notes);
    }
}
