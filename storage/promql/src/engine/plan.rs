//! What is known before evaluating: durations, fixed times, and which parts have the same value at every step.

use super::eval::Eval;
use crate::ast::{At, BinaryOp, Duration, DurationExpr, DurationKind, Expr, ExprKind, PosRange, TimeShift};
use crate::error::Error;
use crate::functions::FunctionId;
use crate::math::{go_max, go_min, millis_f64, truncated};
use crate::parser::SECONDS_MAX;

/// The times that the query was asked for, in milliseconds; the step is 0 for one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) step: i64,
}

impl Query {
    fn fixed(self, at: At) -> i64 {
        match at {
            At::Time(time) => time,
            At::Start => self.start,
            At::End => self.end,
        }
    }

    pub(super) fn seconds_of(self, id: FunctionId) -> f64 {
        let millis = match id {
            FunctionId::Start => self.start,
            FunctionId::End => self.end,
            FunctionId::Range => self.end.saturating_sub(self.start),
            _ if self.start == self.end => 0,
            _ => self.step,
        };
        millis_f64(millis) / 1000.0
    }

    fn seconds(self, expr: &DurationExpr) -> Result<f64, Error> {
        Ok(match &expr.kind {
            DurationKind::Number(number) => number.value,
            DurationKind::Step => millis_f64(self.step) / 1000.0,
            DurationKind::Range => millis_f64(self.end.saturating_sub(self.start)) / 1000.0,
            DurationKind::Minus(inner) => -self.seconds(inner)?,
            DurationKind::Paren(inner) => self.seconds(inner)?,
            DurationKind::MinOf(left, right) => go_min(self.seconds(left)?, self.seconds(right)?),
            DurationKind::MaxOf(left, right) => go_max(self.seconds(left)?, self.seconds(right)?),
            DurationKind::Binary(op, left, right) => {
                let (left, right) = (self.seconds(left)?, self.seconds(right)?);
                match op {
                    BinaryOp::Add => left + right,
                    BinaryOp::Sub => left - right,
                    BinaryOp::Mul => left * right,
                    BinaryOp::Pow => left.powf(right),
                    BinaryOp::Div if right == 0.0 => return Err(wrong(expr, "division by zero")),
                    BinaryOp::Mod if right == 0.0 => return Err(wrong(expr, "modulo by zero")),
                    BinaryOp::Mod => left % right,
                    _ => left / right,
                }
            }
        })
    }

    /// Milliseconds of a duration.
    pub(super) fn millis(self, duration: &Duration, may_be_negative: bool) -> Result<i64, Error> {
        let expr = match duration {
            Duration::Millis(millis) => return Ok(*millis),
            Duration::Expr(expr) => expr,
        };
        let seconds = self.seconds(expr)?;
        if !seconds.is_finite() {
            return Err(wrong(expr, "duration is NaN or infinite"));
        }
        if seconds <= 0.0 && !may_be_negative {
            return Err(wrong(expr, "duration must be greater than 0"));
        }
        if seconds.abs() > SECONDS_MAX {
            return Err(wrong(expr, "duration is out of range"));
        }
        Ok(truncated(seconds * 1000.0))
    }

    /// What `offset` and `@` do to a time.
    pub(super) fn shift(self, shift: &TimeShift) -> Result<Shift, Error> {
        let offset = shift.offset.as_ref().map_or(Ok(0), |offset| self.millis(offset, true))?;
        Ok(Shift { offset, fixed: shift.at.map(|at| self.fixed(at)) })
    }
}

/// `12:20: division by zero`: here Prometheus counts bytes from 0, start and end.
fn wrong(expr: &DurationExpr, text: &str) -> Error {
    let PosRange { start, end } = place(expr);
    Error::bad_data(format!("{start}:{end}: {text}"))
}

/// Where Prometheus says that a duration stands: without the parentheses and the names of calls around operands.
fn place(expr: &DurationExpr) -> PosRange {
    match &expr.kind {
        DurationKind::Number(_) | DurationKind::Step | DurationKind::Range => expr.range,
        DurationKind::Minus(inner) => PosRange { end: place(inner).end, ..expr.range },
        DurationKind::Paren(inner) if matches!(inner.kind, DurationKind::Number(_)) => {
            PosRange { end: inner.range.end, ..expr.range }
        }
        DurationKind::Paren(inner) => place(inner),
        DurationKind::Binary(_, left, right) | DurationKind::MinOf(left, right) | DurationKind::MaxOf(left, right) => {
            PosRange { start: place(left).start, end: place(right).end }
        }
    }
}

/// A resolved `offset` and `@`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shift {
    offset: i64,
    fixed: Option<i64>,
}

impl Shift {
    /// The time of the data that an evaluation time asks for.
    pub(super) fn apply(self, time: i64) -> i64 {
        self.fixed.unwrap_or(time).saturating_sub(self.offset)
    }
}

impl Eval<'_> {
    /// Resolves every duration once, so that a wrong one is a mistake of the query and not of the evaluation.
    pub(super) fn check_durations(&self, expr: &Expr) -> Result<(), Error> {
        match &expr.kind {
            ExprKind::Vector(selector) => {
                self.query.shift(&selector.shift)?;
            }
            ExprKind::Matrix(matrix) => {
                self.query.shift(&matrix.selector.shift)?;
                self.query.millis(&matrix.range, false)?;
            }
            ExprKind::Subquery(subquery) => {
                self.query.shift(&subquery.shift)?;
                if let Some(step) = &subquery.step {
                    self.query.millis(step, false)?;
                }
                self.query.millis(&subquery.range, false)?;
            }
            _ => {}
        }
        expr.children().into_iter().try_for_each(|child| self.check_durations(child))
    }
}

/// Whether an expression has the same value at every step: all of its selectors have fixed times, and nothing asks for the time.
pub(super) fn is_invariant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::Vector(selector) => selector.shift.at.is_some(),
        ExprKind::Matrix(matrix) => matrix.selector.shift.at.is_some(),
        ExprKind::Subquery(subquery) => subquery.shift.at.is_some(),
        ExprKind::Call(call) => match call.function.id {
            FunctionId::Timestamp => call
                .args
                .first()
                .is_some_and(|arg| matches!(arg.unwrapped().kind, ExprKind::Vector(_)) && is_invariant(arg)),
            FunctionId::DaysInMonth
            | FunctionId::DayOfMonth
            | FunctionId::DayOfWeek
            | FunctionId::DayOfYear
            | FunctionId::Hour
            | FunctionId::Minute
            | FunctionId::Month
            | FunctionId::Year => !call.args.is_empty() && call.args.iter().all(is_invariant),
            FunctionId::PredictLinear | FunctionId::Time => false,
            _ => call.args.iter().all(is_invariant),
        },
        ExprKind::Missing => false,
        ExprKind::Paren(_) | ExprKind::Unary(_) | ExprKind::Binary(_) | ExprKind::Aggregate(_) => {
            expr.children().into_iter().all(is_invariant)
        }
    }
}
