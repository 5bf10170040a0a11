//! `sort` and its kin: an order for the answer of an instant query.

use std::cmp::Ordering;

use super::call::arg;
use super::column::{Row, Steps};
use super::eval::Eval;
use crate::ast::{Call, PosRange};
use crate::error::Error;
use crate::functions::FunctionId;

impl Eval<'_> {
    pub(super) fn sort(&mut self, call: &Call, range: PosRange, steps: Steps) -> Result<Vec<Row>, Error> {
        if steps.count > 1 {
            let text = "sort is ineffective for range queries since results are always ordered by labels";
            self.notes.warn(text, range);
        }
        let id = call.function.id;
        let mut rows = self.vector(arg(call, 0)?.unwrapped(), steps)?;
        if matches!(id, FunctionId::Sort | FunctionId::SortDesc) {
            rows.iter_mut().for_each(|row| row.column.clear_histograms());
            rows.retain(|row| !row.column.is_empty());
            if steps.count == 1 {
                rows.sort_by(|left, right| by_value(left, right, id == FunctionId::SortDesc));
            }
            return Ok(rows);
        }
        let mut labels = Vec::new();
        for at in 1..call.args.len() {
            labels.push(super::label::text(call, at)?.text.clone());
        }
        if steps.count == 1 {
            rows.sort_by(|left, right| {
                let order = by_labels(left, right, &labels);
                if id == FunctionId::SortByLabelDesc { order.reverse() } else { order }
            });
        }
        Ok(rows)
    }
}

/// NaN comes last in either direction.
fn by_value(left: &Row, right: &Row, is_descending: bool) -> Ordering {
    let value = |row: &Row| row.column.float(0).unwrap_or(f64::NAN);
    let (left, right) = (value(left), value(right));
    let order = left.partial_cmp(&right).unwrap_or(Ordering::Equal);
    left.is_nan().cmp(&right.is_nan()).then(if is_descending { order.reverse() } else { order })
}

fn by_labels(left: &Row, right: &Row, labels: &[String]) -> Ordering {
    let differing = labels.iter().map(|label| natural(left.labels.get(label), right.labels.get(label)));
    differing.fold(Ordering::Equal, Ordering::then).then_with(|| left.labels.cmp(&right.labels))
}

/// Digits compare as numbers, the rest as text: `a2` before `a10`.
fn natural(left: &str, right: &str) -> Ordering {
    let (mut lefts, mut rights) = (left, right);
    loop {
        match (lefts.is_empty(), rights.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let ((left, left_rest), (right, right_rest)) = (chunk(lefts), chunk(rights));
        let order = match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            _ => left.cmp(right),
        };
        if order != Ordering::Equal {
            return order;
        }
        (lefts, rights) = (left_rest, right_rest);
    }
}

/// The digits or the other characters with which a text begins.
fn chunk(text: &str) -> (&str, &str) {
    let is_digit = text.starts_with(|char: char| char.is_ascii_digit());
    let end = text.find(|char: char| char.is_ascii_digit() != is_digit).unwrap_or(text.len());
    text.split_at(end)
}
