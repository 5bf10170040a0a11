//! Aggregations: rows are folded into groups as they come.

use std::collections::HashMap;

use super::column::{Row, Steps};
use super::eval::Eval;
use crate::ast::{AggregateExpr, AggregateOp, PosRange};
use crate::error::Error;
use crate::labels::{Labels, NAME};

mod count_values;
mod fold;
mod quantile;
mod rank;

use fold::{Fold, Group};

/// How labels are grouped.
pub(super) struct Grouping<'g> {
    names: &'g [String],
    is_without: bool,
}

impl Grouping<'_> {
    /// The labels that a group has.
    pub(super) fn labels(&self, labels: &Labels) -> Labels {
        if self.is_without {
            return labels.filter(|name| name != NAME && !self.has(name));
        }
        if self.names.is_empty() { Labels::empty() } else { labels.filter(|name| self.has(name)) }
    }

    /// What tells groups apart. `without` leaves the name in nobody's key.
    pub(super) fn key(&self, labels: &Labels) -> Labels {
        self.labels(labels)
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }
}

impl Eval<'_> {
    pub(super) fn aggregate(
        &mut self,
        aggregate: &AggregateExpr,
        range: PosRange,
        steps: Steps,
    ) -> Result<Vec<Row>, Error> {
        let grouping = Grouping { names: &aggregate.grouping, is_without: aggregate.is_without };
        match aggregate.op {
            AggregateOp::CountValues => self.count_values(aggregate, steps),
            AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio => {
                self.rank(aggregate, &grouping, range, steps)
            }
            AggregateOp::Quantile => self.quantile(aggregate, &grouping, steps),
            AggregateOp::Sum => self.fold::<fold::Summing>(aggregate, &grouping, steps),
            AggregateOp::Avg => self.fold::<fold::Averaging>(aggregate, &grouping, steps),
            AggregateOp::Min => self.fold::<fold::Minimum>(aggregate, &grouping, steps),
            AggregateOp::Max => self.fold::<fold::Maximum>(aggregate, &grouping, steps),
            AggregateOp::Count => self.fold::<fold::Counting>(aggregate, &grouping, steps),
            AggregateOp::Group => self.fold::<fold::Grouped>(aggregate, &grouping, steps),
            AggregateOp::Stdvar => self.fold::<fold::Variance>(aggregate, &grouping, steps),
            AggregateOp::Stddev => self.fold::<fold::Deviation>(aggregate, &grouping, steps),
        }
    }

    fn fold<F: Fold>(
        &mut self,
        aggregate: &AggregateExpr,
        grouping: &Grouping<'_>,
        steps: Steps,
    ) -> Result<Vec<Row>, Error> {
        let mut groups: Vec<Group<F>> = Vec::new();
        let mut by_key: HashMap<Labels, usize> = HashMap::new();
        let place = aggregate.expr.unwrapped().range;
        self.stream(aggregate.expr.unwrapped(), steps, &mut |eval, labels, drop_name, column| {
            let key = grouping.key(labels);
            let at = match by_key.get(&key) {
                Some(at) => *at,
                None => {
                    eval.hold(steps.count.saturating_mul(Group::<F>::WEIGHT))?;
                    groups.push(Group::new(grouping.labels(labels), steps.count));
                    by_key.insert(key, groups.len() - 1);
                    groups.len() - 1
                }
            };
            match groups.get_mut(at) {
                Some(group) => group.add(labels, drop_name, column, place, &mut eval.notes),
                None => Ok(()),
            }
        })?;
        Ok(groups.into_iter().filter_map(|group| group.finish(place, &mut self.notes)).collect())
    }
}
