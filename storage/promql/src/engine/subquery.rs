//! Subqueries: the times at which the inner expression is evaluated; and range vectors as the answer of an instant query.

use super::column::Steps;
use super::eval::Eval;
use super::plan::Shift;
use super::range::Scratch;
use super::smooth;
use crate::ast::{Expr, ExprKind, MatrixSelector, RangeEdge, SubqueryExpr};
use crate::error::Error;
use crate::value::Series;

impl Eval<'_> {
    /// Multiples of the step in all windows together, left-open: the first lies behind the start of the first window.
    pub(super) fn subquery_steps(
        &self,
        subquery: &SubqueryExpr,
        shift: Shift,
        range: i64,
        steps: Steps,
    ) -> Result<Steps, Error> {
        let step = match &subquery.step {
            Some(step) => self.query.millis(step, false)?,
            None => self.limits.subquery_step_ms,
        }
        .max(1);
        let above = shift.apply(steps.start).saturating_sub(range);
        let end = shift.apply(steps.last());
        let start = above.div_euclid(step).saturating_add(1).saturating_mul(step);
        if end < start {
            return Ok(Steps { start, step, count: 0 });
        }
        let count = usize::try_from((end - start) / step).unwrap_or(usize::MAX - 1) + 1;
        if count > self.limits.samples_max {
            let text = "query processing would load too many samples into memory in query execution";
            return Err(Error::execution(text));
        }
        Ok(Steps { start, step, count })
    }

    /// A range vector at one time.
    pub(super) fn matrix(&mut self, expr: &Expr, time: i64) -> Result<Vec<Series>, Error> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.matrix(inner, time),
            ExprKind::Matrix(matrix) => self.matrix_selector(matrix, time),
            ExprKind::Subquery(subquery) => {
                let shift = self.query.shift(&subquery.shift)?;
                let range = self.query.millis(&subquery.range, false)?;
                let inner = self.subquery_steps(subquery, shift, range, Steps::one(time))?;
                let rows = self.with_buckets(|eval| eval.vector(&subquery.expr, inner))?;
                super::merged(rows, inner)
            }
            _ => Err(Error::execution("expression is no range vector")),
        }
    }

    fn matrix_selector(&mut self, matrix: &MatrixSelector, time: i64) -> Result<Vec<Series>, Error> {
        let end = self.query.shift(&matrix.selector.shift)?.apply(time);
        let start = end.saturating_sub(self.query.millis(&matrix.range, false)?);
        let (edge, lookback) = (matrix.selector.edge, self.limits.lookback_ms);
        let first = if edge == RangeEdge::Plain { start } else { start.saturating_sub(lookback) };
        let last = if edge == RangeEdge::Smoothed { end.saturating_add(lookback) } else { end };
        let matchers = self.matchers(&matrix.selector)?;
        let mut out = Vec::new();
        let mut scratch = Scratch::default();
        self.select(&matchers, first.saturating_add(1), last, &mut |eval, view| {
            let samples = scratch.without_markers(view);
            let floats: Vec<(i64, f64)> = samples.times.iter().copied().zip(samples.values.iter().copied()).collect();
            let histograms: Vec<_> =
                samples.histogram_times.iter().copied().zip(samples.histograms.iter().cloned()).collect();
            if edge != RangeEdge::Plain && !histograms.is_empty() {
                let word = if edge == RangeEdge::Anchored { "anchored" } else { "smoothed" };
                return Err(Error::execution(format!("{word} modifier is not supported with histograms")));
            }
            let floats = if edge == RangeEdge::Plain { floats } else { smooth::extended(&floats, start, end, edge) };
            eval.hold(floats.len() + histograms.iter().map(|(_, histogram)| histogram.weight()).sum::<usize>())?;
            if !floats.is_empty() || !histograms.is_empty() {
                out.push(Series { labels: view.labels.clone(), floats, histograms });
            }
            Ok(())
        })?;
        Ok(out)
    }
}
