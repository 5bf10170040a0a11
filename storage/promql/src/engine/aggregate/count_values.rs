//! `count_values`: how many series have each value.

use std::collections::HashMap;

use super::Grouping;
use crate::ast::{AggregateExpr, Expr, ExprKind};
use crate::engine::column::{Cell, Column, Row, Steps};
use crate::engine::eval::Eval;
use crate::error::Error;
use crate::labels::{Labels, LabelsBuilder};

impl Eval<'_> {
    pub(super) fn count_values(&mut self, aggregate: &AggregateExpr, steps: Steps) -> Result<Vec<Row>, Error> {
        let Some(ExprKind::String(label)) = aggregate.param.as_ref().map(|param| &Expr::unwrapped(param).kind) else {
            return Err(Error::execution("count_values has no label"));
        };
        if label.invalid.is_some() || label.text.is_empty() {
            return Err(Error::execution(format!("invalid label name {}", label.quoted())));
        }
        let mut names = aggregate.grouping.clone();
        if !aggregate.is_without {
            names.push(label.text.clone());
        }
        let grouping = Grouping { names: &names, is_without: aggregate.is_without };
        let rows = self.vector(aggregate.expr.unwrapped(), steps)?;
        let mut by_key: HashMap<Labels, usize> = HashMap::new();
        let mut out: Vec<(Labels, Vec<f64>)> = Vec::new();
        for row in &rows {
            for at in 0..steps.count {
                let value = match row.column.cell(at) {
                    Some(Cell::Float(value)) => crate::format::number(value),
                    Some(Cell::Histogram(histogram)) => histogram.to_string(),
                    None => continue,
                };
                let mut builder = LabelsBuilder::new(&row.labels);
                builder.set(&label.text, value);
                let labels = grouping.labels(&builder.build());
                let group = match by_key.get(&labels) {
                    Some(group) => *group,
                    None => {
                        self.hold(steps.count)?;
                        out.push((labels.clone(), vec![0.0; steps.count]));
                        by_key.insert(labels, out.len() - 1);
                        out.len() - 1
                    }
                };
                if let Some(count) = out.get_mut(group).and_then(|group| group.1.get_mut(at)) {
                    *count += 1.0;
                }
            }
        }
        let counted = |(labels, counts): (Labels, Vec<f64>)| {
            let mut column = Column::default();
            for (at, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0.0) {
                column.set_float(at, count, steps.count);
            }
            Row { labels, drop_name: false, column }
        };
        Ok(out.into_iter().map(counted).collect())
    }
}
