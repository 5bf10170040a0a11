//! `topk`, `bottomk`, `limitk`, `limit_ratio`: some of the samples of a group as they are.

use std::collections::HashMap;

use super::Grouping;
use crate::ast::{AggregateExpr, AggregateOp, Expr, PosRange};
use crate::engine::column::{Column, Row, Steps};
use crate::engine::eval::Eval;
use crate::error::Error;
use crate::labels::Labels;
use crate::math::{go_g, index_of, nan_first};

impl Eval<'_> {
    pub(super) fn rank(
        &mut self,
        aggregate: &AggregateExpr,
        grouping: &Grouping<'_>,
        range: PosRange,
        steps: Steps,
    ) -> Result<Vec<Row>, Error> {
        let Some(param) = aggregate.param.as_ref().map(Expr::unwrapped) else {
            return Err(Error::execution("aggregation has no parameter"));
        };
        let params = self.scalar(param, steps)?;
        let rows = self.vector(aggregate.expr.unwrapped(), steps)?;
        if !self.check_params(aggregate.op, &params, param.range)? {
            return Ok(Vec::new());
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut by_key: HashMap<Labels, usize> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let group = *by_key.entry(grouping.key(&row.labels)).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(group) {
                group.push(at);
            }
        }
        let mut columns: Vec<Column> = vec![Column::default(); rows.len()];
        let mut order: Vec<usize> = Vec::new();
        for members in &groups {
            for (at, param) in params.iter().enumerate() {
                let chosen = self.choose((aggregate.op, *param), members, &rows, at, range);
                for row in chosen {
                    if let (Some(cell), Some(column)) =
                        (rows.get(row).and_then(|row| row.column.cell(at)), columns.get_mut(row))
                    {
                        column.set(at, cell, steps.count);
                    }
                    order.push(row);
                }
            }
        }
        if steps.count > 1 {
            order.sort_unstable();
            order.dedup();
        }
        let named = |row: usize| {
            let column = columns.get_mut(row).map(std::mem::take)?;
            let row = rows.get(row)?;
            Some(Row { labels: row.labels.clone(), drop_name: row.drop_name, column })
        };
        Ok(order.into_iter().filter_map(named).collect())
    }

    /// False when nothing can be chosen.
    fn check_params(&mut self, op: AggregateOp, params: &[f64], place: PosRange) -> Result<bool, Error> {
        let most = params.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = params.iter().copied().fold(f64::INFINITY, f64::min);
        let has_nan = params.iter().any(|param| param.is_nan());
        if op == AggregateOp::LimitRatio {
            if most == 0.0 && least == 0.0 {
                return Ok(false);
            }
            if has_nan {
                return Err(Error::execution("Ratio value is NaN"));
            }
            for (wrong, capped) in [(most, 1.0), (least, -1.0)] {
                if (capped > 0.0 && wrong > capped) || (capped < 0.0 && wrong < capped) {
                    let text = "ratio value should be between -1 and 1";
                    self.notes.warn(format!("{text}, got {}, capping to {}", go_g(wrong), go_g(capped)), place);
                }
            }
            return Ok(true);
        }
        if !has_nan && most < 1.0 {
            return Ok(false);
        }
        if has_nan {
            return Err(Error::execution("Parameter value is NaN"));
        }
        const BOUND: f64 = 9_223_372_036_854_775_808.0;
        if least <= -BOUND {
            return Err(Error::execution(format!("Scalar value {} underflows int64", go_g(least))));
        }
        if most >= BOUND {
            return Err(Error::execution(format!("Scalar value {} overflows int64", go_g(most))));
        }
        Ok(true)
    }

    /// The rows of a group that are chosen at a step, the best first.
    fn choose(
        &mut self,
        (op, param): (AggregateOp, f64),
        members: &[usize],
        rows: &[Row],
        at: usize,
        range: PosRange,
    ) -> Vec<usize> {
        let present = members.iter().copied().filter(|row| rows.get(*row).is_some_and(|row| row.column.has(at)));
        if op == AggregateOp::LimitRatio {
            let ratio = param.clamp(-1.0, 1.0);
            return present.filter(|row| rows.get(*row).is_some_and(|row| falls_in(&row.labels, ratio))).collect();
        }
        if param < 1.0 {
            return Vec::new();
        }
        let most = index_of(param);
        if op == AggregateOp::LimitK {
            return present.take(most).collect();
        }
        let mut values: Vec<(usize, f64)> = Vec::new();
        for row in present {
            match rows.get(row).and_then(|row| row.column.float(at)) {
                Some(value) => values.push((row, value)),
                None => {
                    let name = op.as_str();
                    self.notes.info(format!("ignored histogram in {name} aggregation"), range);
                }
            }
        }
        // NaN is the worst of both kinds; of equal values the first stays first.
        if op == AggregateOp::TopK {
            values.sort_by(|left, right| nan_first(&right.1, &left.1));
        } else {
            values.sort_by(|left, right| {
                left.1.is_nan().cmp(&right.1.is_nan()).then_with(|| nan_first(&left.1, &right.1))
            });
        }
        values.truncate(most);
        values.into_iter().map(|(row, _)| row).collect()
    }
}

/// A series is always in the same place between 0 and 1: a ratio takes those below it, a negative one the complement.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "Prometheus divides the same way")]
fn falls_in(labels: &Labels, ratio: f64) -> bool {
    let place = labels.ratio_hash() as f64 / u64::MAX as f64;
    if ratio >= 0.0 { place < ratio } else { place >= 1.0 + ratio }
}
