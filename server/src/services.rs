//! Services from their spans: rate, errors, durations and whom they call, computed when asked.
//!
//! Rows are streamed from the store and folded here, so that memory is bounded by the number of operations, and by
//! `MAP_SPANS` for the map. A span counts as many requests as its sampling probability says.

pub(crate) mod map;
pub(crate) mod peers;
pub(crate) mod red;
mod sketch;
#[cfg(test)]
mod tests;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use telltale_model::UnixNanos;

/// A range of time, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: UnixNanos,
    pub(crate) to: UnixNanos,
}

impl Range {
    pub(crate) fn length(&self) -> u64 {
        self.to.0.saturating_sub(self.from.0).max(1)
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is read with three digits")]
    fn seconds(&self) -> f64 {
        self.length() as f64 / 1e9
    }
}

/// Typed access to the columns of a streamed batch by position.
struct Row<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl<'a> Row<'a> {
    fn text(&self, column: usize) -> Option<&'a str> {
        let column = self.batch.columns().get(column)?.as_string_opt::<i32>()?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    fn time(&self, column: usize) -> i64 {
        let column =
            self.batch.columns().get(column).and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
        column.map_or(0, |column| column.value(self.row))
    }

    fn long(&self, column: usize) -> i64 {
        let column = self.batch.columns().get(column).and_then(|column| column.as_primitive_opt::<Int64Type>());
        column.map_or(0, |column| column.value(self.row))
    }

    fn int(&self, column: usize) -> i32 {
        let column = self.batch.columns().get(column).and_then(|column| column.as_primitive_opt::<Int32Type>());
        column.filter(|column| column.is_valid(self.row)).map_or(0, |column| column.value(self.row))
    }

    fn double(&self, column: usize) -> f64 {
        let column = self.batch.columns().get(column).and_then(|column| column.as_primitive_opt::<Float64Type>());
        column.map_or(1.0, |column| column.value(self.row))
    }
}

/// Calls `visit` with every row.
fn each(batch: &RecordBatch, mut visit: impl FnMut(Row<'_>)) {
    (0..batch.num_rows()).for_each(|row| visit(Row { batch, row }));
}
