//! Operators with two sides: which kind of operands they have.

use std::sync::Arc;

use super::column::{Cell, Row, Steps};
use super::eval::Eval;
use crate::annotations::Annotations;
use crate::ast::{BinaryExpr, BinaryOp, PosRange, ValueType};
use crate::error::Error;
use crate::histogram::{CounterResetHint, Histogram};

mod matching;
mod set;

/// An operation on two numbers; comparisons give 0 or 1.
pub(super) fn scalar_operation(op: BinaryOp, left: f64, right: f64) -> f64 {
    match compare(op, left, right) {
        Some(holds) => f64::from(u8::from(holds)),
        None => arithmetic(op, left, right),
    }
}

#[expect(clippy::float_cmp, reason = "the language compares exactly")]
fn compare(op: BinaryOp, left: f64, right: f64) -> Option<bool> {
    Some(match op {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Greater => left > right,
        BinaryOp::Less => left < right,
        BinaryOp::GreaterEqual => left >= right,
        BinaryOp::LessEqual => left <= right,
        _ => return None,
    })
}

fn arithmetic(op: BinaryOp, left: f64, right: f64) -> f64 {
    match op {
        BinaryOp::Add => left + right,
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div => left / right,
        BinaryOp::Mod => left % right,
        BinaryOp::Pow => left.powf(right),
        BinaryOp::Atan2 => left.atan2(right),
        _ => f64::NAN,
    }
}

/// What an operation on two samples gives: the value, and whether a comparison keeps it.
#[derive(Clone, Debug)]
struct Outcome {
    cell: Cell,
    keeps: bool,
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoOutcome {
    /// The operator does not take such a pair: an info.
    Types(&'static str, &'static str),
    /// Exponential and custom buckets: a warning.
    Layouts,
}

/// Where an operation stands, for its notes.
struct Place<'n> {
    op: BinaryOp,
    range: PosRange,
    notes: &'n mut Annotations,
}

impl Place<'_> {
    fn note(&mut self, reason: NoOutcome) {
        let op = self.op.as_str();
        match reason {
            NoOutcome::Types(left, right) => {
                let text = "incompatible sample types encountered for binary operator";
                self.notes.info(format!("{text} {op:?}: {left} {op} {right}"), self.range);
            }
            NoOutcome::Layouts => {
                let text = format!("incompatible bucket layout encountered for binary operator {op}");
                self.notes.warn(text, self.range);
            }
        }
    }

    fn operate(&mut self, left: &Cell, right: &Cell) -> Result<Outcome, NoOutcome> {
        let op = self.op;
        let changed = |histogram: Histogram| Ok(Outcome { cell: Cell::Histogram(Arc::new(histogram)), keeps: true });
        match (left, right) {
            (Cell::Float(left), Cell::Float(right)) => match (compare(op, *left, *right), op) {
                (Some(keeps), _) => Ok(Outcome { cell: Cell::Float(*left), keeps }),
                (None, BinaryOp::TrimUpper | BinaryOp::TrimLower) => Err(NoOutcome::Types("float", "float")),
                (None, _) => Ok(Outcome { cell: Cell::Float(arithmetic(op, *left, *right)), keeps: true }),
            },
            (Cell::Float(factor), Cell::Histogram(histogram)) if op == BinaryOp::Mul => {
                changed(scaled(histogram, |copy| copy.mul(*factor)))
            }
            (Cell::Float(_), Cell::Histogram(_)) => Err(NoOutcome::Types("float", "histogram")),
            (Cell::Histogram(histogram), Cell::Float(value)) => match op {
                BinaryOp::Mul => changed(scaled(histogram, |copy| copy.mul(*value))),
                BinaryOp::Div => changed(scaled(histogram, |copy| copy.div(*value))),
                BinaryOp::TrimUpper => changed((**histogram).clone().trimmed(*value, true)),
                BinaryOp::TrimLower => changed((**histogram).clone().trimmed(*value, false)),
                _ => Err(NoOutcome::Types("histogram", "float")),
            },
            (Cell::Histogram(left), Cell::Histogram(right)) => match op {
                BinaryOp::Add | BinaryOp::Sub => changed(self.combine(left, right)?),
                BinaryOp::Equal | BinaryOp::NotEqual => {
                    let keeps = left.has_same_data(right) == (op == BinaryOp::Equal);
                    Ok(Outcome { cell: Cell::Histogram(Arc::clone(left)), keeps })
                }
                _ => Err(NoOutcome::Types("histogram", "histogram")),
            },
        }
    }

    fn combine(&mut self, left: &Histogram, right: &Histogram) -> Result<Histogram, NoOutcome> {
        let mut out = left.clone();
        let is_sum = self.op == BinaryOp::Add;
        let combined = if is_sum { out.add(right) } else { out.sub(right) };
        let combined = combined.map_err(|_| NoOutcome::Layouts)?;
        let operation = if is_sum { "addition" } else { "subtraction" };
        if combined.has_reset_collision {
            self.notes.warn(format!("conflicting counter resets during histogram {operation}"), self.range);
        }
        super::over_time::note_mismatch(combined, operation, self.notes, self.range);
        if !is_sum {
            out.counter_reset_hint = CounterResetHint::Gauge;
        }
        Ok(out.compacted())
    }
}

fn scaled(histogram: &Histogram, change: impl FnOnce(&mut Histogram)) -> Histogram {
    let mut copy = histogram.clone();
    change(&mut copy);
    copy.compacted()
}

impl Eval<'_> {
    pub(super) fn binary(&mut self, binary: &BinaryExpr, range: PosRange, steps: Steps) -> Result<Vec<Row>, Error> {
        if matches!(binary.op, BinaryOp::TrimUpper | BinaryOp::TrimLower) {
            return self.with_buckets(|eval| eval.operation(binary, range, steps));
        }
        self.operation(binary, range, steps)
    }

    fn operation(&mut self, binary: &BinaryExpr, range: PosRange, steps: Steps) -> Result<Vec<Row>, Error> {
        match (binary.lhs.value_type(), binary.rhs.value_type()) {
            (ValueType::Vector, ValueType::Vector) => {
                let left = self.vector(&binary.lhs, steps)?;
                let right = self.vector(&binary.rhs, steps)?;
                let Some(matching) = &binary.matching else {
                    return Err(Error::execution("operation on two vectors without rules to match them"));
                };
                if binary.op.is_set() {
                    Ok(set::apply(binary.op, matching, left, right, steps))
                } else {
                    self.match_vectors(binary, matching, left, right, (range, steps))
                }
            }
            (ValueType::Scalar, _) => {
                let scalar = self.scalar(&binary.lhs, steps)?;
                let rows = self.vector(&binary.rhs, steps)?;
                Ok(self.with_scalar(binary, range, rows, &scalar, true))
            }
            _ => {
                let rows = self.vector(&binary.lhs, steps)?;
                let scalar = self.scalar(&binary.rhs, steps)?;
                Ok(self.with_scalar(binary, range, rows, &scalar, false))
            }
        }
    }

    /// Each sample with the scalar of its step.
    fn with_scalar(
        &mut self,
        binary: &BinaryExpr,
        range: PosRange,
        rows: Vec<Row>,
        scalar: &[f64],
        scalar_is_left: bool,
    ) -> Vec<Row> {
        let mut place = Place { op: binary.op, range, notes: &mut self.notes };
        let changes = binary.op.changes_meaning() || binary.return_bool;
        let mut out = Vec::with_capacity(rows.len());
        for mut row in rows {
            let plain = !row.column.has_histograms() && !matches!(binary.op, BinaryOp::TrimUpper | BinaryOp::TrimLower);
            if plain && !binary.op.is_comparison() {
                // Numbers alone: no cell can fall out.
                for (at, value) in row.column.floats_mut() {
                    let other = scalar.get(at).copied().unwrap_or(f64::NAN);
                    let (left, right) = if scalar_is_left { (other, *value) } else { (*value, other) };
                    let result = arithmetic(binary.op, left, right);
                    *value = if super::column::is_present(result) { result } else { f64::NAN };
                }
            } else {
                row.column = filtered(&mut place, binary.return_bool, &row, scalar, scalar_is_left);
            }
            if !row.column.is_empty() {
                out.push(Row { drop_name: row.drop_name || changes, ..row });
            }
        }
        out
    }
}

fn filtered(
    place: &mut Place<'_>,
    return_bool: bool,
    row: &Row,
    scalar: &[f64],
    scalar_is_left: bool,
) -> super::column::Column {
    let mut column = super::column::Column::default();
    for (at, other) in scalar.iter().enumerate() {
        let Some(cell) = row.column.cell(at) else { continue };
        let other = Cell::Float(*other);
        let (left, right) = if scalar_is_left { (&other, &cell) } else { (&cell, &other) };
        let outcome = match place.operate(left, right) {
            Ok(outcome) => outcome,
            Err(reason) => {
                place.note(reason);
                continue;
            }
        };
        if return_bool {
            column.set_float(at, f64::from(u8::from(outcome.keeps)), scalar.len());
        } else if outcome.keeps {
            // A comparison keeps the sample, on whichever side it stands.
            let value = if place.op.is_comparison() { cell } else { outcome.cell };
            column.set(at, value, scalar.len());
        }
    }
    column
}
