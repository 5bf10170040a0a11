//! One evaluation: what it reads, notes and holds, and which node is evaluated by whom.

use std::sync::Arc;

use super::Interrupt;
use super::column::{Column, Row, Steps};
use super::plan::{Query, is_invariant};
use crate::annotations::Annotations;
use crate::ast::{Expr, ExprKind, ValueType};
use crate::error::Error;
use crate::labels::Labels;
use crate::limits::Limits;
use crate::source::{SelectReport, Source};

pub(super) struct Eval<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) limits: &'a Limits,
    pub(super) interrupt: Option<&'a dyn Interrupt>,
    pub(super) uses_start_timestamps: bool,
    pub(super) query: Query,
    pub(super) notes: Annotations,
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
    /// How many functions around what is evaluated ask for counts and sums of histograms only, and how many need the buckets.
    pub(super) wants_totals: u32,
    pub(super) needs_buckets: u32,
    /// Samples in memory.
    pub(super) held: usize,
    pub(super) samples_read: u64,
    pub(super) series_read: u64,
}

/// Takes one row after the other; the column may be taken away or is used again.
pub(super) type Sink<'s, 'e> = dyn FnMut(&mut Eval<'e>, &Labels, bool, &mut Column) -> Result<(), Error> + 's;

impl<'e> Eval<'e> {
    pub(super) fn check_interrupt(&self) -> Result<(), Error> {
        match self.interrupt.and_then(Interrupt::check) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Whether buckets of histograms can be left out.
    pub(super) const fn is_totals_only(&self) -> bool {
        self.wants_totals > 0 && self.needs_buckets == 0
    }

    /// Evaluates something with the buckets of its histograms.
    pub(super) fn with_buckets<T>(&mut self, evaluate: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.needs_buckets += 1;
        let result = evaluate(self);
        self.needs_buckets -= 1;
        result
    }

    /// Counts samples that are now in memory.
    pub(super) fn hold(&mut self, samples: usize) -> Result<(), Error> {
        self.held = self.held.saturating_add(samples);
        if self.held > self.limits.samples_max {
            let text = "query processing would load too many samples into memory in query execution";
            return Err(Error::execution(text));
        }
        Ok(())
    }

    pub(super) fn report(&mut self, report: SelectReport) {
        self.warnings.extend(report.warnings);
        self.infos.extend(report.infos);
    }

    /// Evaluates an expression of type instant vector.
    pub(super) fn vector(&mut self, expr: &Expr, steps: Steps) -> Result<Vec<Row>, Error> {
        self.check_interrupt()?;
        if steps.count == 0 {
            return Ok(Vec::new());
        }
        let before = self.held;
        let rows = if steps.count > 1 && is_invariant(expr) {
            let once = self.vector_at(expr, Steps { count: 1, ..steps })?;
            self.hold(once.len().saturating_mul(steps.count))?;
            once.into_iter().map(|row| Row { column: row.column.broadcast(steps.count), ..row }).collect()
        } else {
            self.vector_at(expr, steps)?
        };
        // What was needed on the way is gone; what is left is the result.
        self.held = before;
        self.hold(rows.iter().map(|row| row.column.weight()).sum())?;
        Ok(rows)
    }

    fn vector_at(&mut self, expr: &Expr, steps: Steps) -> Result<Vec<Row>, Error> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.vector_at(inner, steps),
            ExprKind::Binary(binary) => self.binary(binary, expr.range, steps),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, expr.range, steps),
            ExprKind::Call(call) if !super::range::takes_range(call) => self.call(call, expr.range, steps),
            ExprKind::Unary(_) | ExprKind::Vector(_) | ExprKind::Call(_) => self.collect(expr, steps),
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Matrix(_)
            | ExprKind::Subquery(_)
            | ExprKind::Missing => Err(Error::execution("expression is no instant vector")),
        }
    }

    /// Rows of an expression that gives one after the other.
    fn collect(&mut self, expr: &Expr, steps: Steps) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        self.stream(expr, steps, &mut |eval, labels, drop_name, column| {
            let column = std::mem::take(column);
            eval.hold(column.weight())?;
            rows.push(Row { labels: labels.clone(), drop_name, column });
            Ok(())
        })?;
        Ok(rows)
    }

    /// Gives the rows of an expression one after the other: those of selectors and range functions without keeping them.
    pub(super) fn stream(&mut self, expr: &Expr, steps: Steps, sink: &mut Sink<'_, 'e>) -> Result<(), Error> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.stream(inner, steps, sink),
            ExprKind::Unary(unary) if !(steps.count > 1 && is_invariant(expr)) => {
                let is_minus = unary.is_minus;
                self.stream(&unary.expr, steps, &mut |eval, labels, drop_name, column| {
                    if is_minus {
                        negate(column);
                    }
                    sink(eval, labels, drop_name || is_minus, column)
                })
            }
            ExprKind::Vector(selector) if !(steps.count > 1 && is_invariant(expr)) => {
                self.stream_selector(selector, expr.range, steps, sink)
            }
            ExprKind::Call(call) if super::range::takes_range(call) && !(steps.count > 1 && is_invariant(expr)) => {
                self.stream_range(call, steps, sink)
            }
            _ => {
                for mut row in self.vector(expr, steps)? {
                    sink(self, &row.labels, row.drop_name, &mut row.column)?;
                }
                Ok(())
            }
        }
    }

    /// Evaluates an expression of type scalar at every step.
    pub(super) fn scalar(&mut self, expr: &Expr, steps: Steps) -> Result<Vec<f64>, Error> {
        debug_assert_eq!(expr.value_type(), ValueType::Scalar);
        self.check_interrupt()?;
        if steps.count > 1 && is_invariant(expr) {
            let once = self.scalar_at(expr, Steps { count: 1, ..steps })?;
            return Ok(vec![once.first().copied().unwrap_or(f64::NAN); steps.count]);
        }
        self.scalar_at(expr, steps)
    }
}

fn negate(column: &mut Column) {
    for (_, value) in column.floats_mut() {
        *value = -*value;
    }
    for (_, value) in column.histograms_mut() {
        let mut negative = (**value).clone();
        negative.mul(-1.0);
        *value = Arc::new(negative);
    }
}
