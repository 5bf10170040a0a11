//! `SummaryDataPoint`s into the `summary_points` table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Float64Builder, RecordBatch, UInt64Builder};
use arrow::error::ArrowError;
use telltale_model::UnixNanos;

use super::point::{Common, Head};
use crate::decode::attributes::Attributes;
use crate::decode::columns::{Offsets, Tail};
use crate::decode::wire::{Fault, Reader};
use crate::schema::{self, Table};

/// Builds the rows of the `summary_points` table.
#[derive(Debug)]
pub(super) struct SummaryPoints {
    count_of_point: u64,
    sum_of_point: f64,
    head: Head,
    count: UInt64Builder,
    sum: Float64Builder,
    /// Quantile and value of every kept point, then of the point that was read last.
    quantiles: Vec<(f64, f64)>,
    kept: usize,
    rows: Offsets,
    tail: Tail,
}

impl SummaryPoints {
    pub(super) fn new() -> Self {
        Self {
            count_of_point: 0,
            sum_of_point: 0.0,
            head: Head::new(),
            count: UInt64Builder::new(),
            sum: Float64Builder::new(),
            quantiles: Vec::new(),
            kept: 0,
            rows: Offsets::new(),
            tail: Tail::new(),
        }
    }

    pub(super) fn read<'p>(
        &mut self,
        bytes: &'p [u8],
        (attributes, _): (&mut Attributes<'p>, &mut Vec<&'p [u8]>),
    ) -> Result<Common, Fault> {
        let mut common = Common::default();
        self.quantiles.truncate(self.kept);
        (self.count_of_point, self.sum_of_point) = (0, 0.0);
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                4 => self.count_of_point = field.fixed64()?,
                5 => self.sum_of_point = field.double()?,
                6 => self.quantiles.push(read_quantile(field.bytes()?)?),
                7 => attributes.push(field.bytes()?)?,
                8 => common.flags = field.u32()?,
                _ => common.read_time(&field)?,
            }
        }
        Ok(common)
    }

    pub(super) fn push(&mut self) -> (&mut Head, &mut Tail) {
        self.count.append_value(self.count_of_point);
        self.sum.append_value(self.sum_of_point);
        self.kept = self.quantiles.len();
        self.rows.close_row(self.kept);
        (&mut self.head, &mut self.tail)
    }

    pub(super) fn finish(mut self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(mut columns) = self.head.finish()? else { return Ok(None) };
        self.quantiles.truncate(self.kept);
        let (quantiles, values): (Vec<f64>, Vec<f64>) = self.quantiles.into_iter().unzip();
        let members: Vec<ArrayRef> =
            vec![Arc::new(Float64Array::from(quantiles)), Arc::new(Float64Array::from(values))];
        columns.push(Arc::new(self.count.finish()));
        columns.push(Arc::new(self.sum.finish()));
        columns.push(self.rows.structs(schema::quantile_fields(), members)?);
        self.tail.finish(received, &mut columns)?;
        RecordBatch::try_new(Table::SummaryPoints.schema(), columns).map(Some)
    }
}

fn read_quantile(bytes: &[u8]) -> Result<(f64, f64), Fault> {
    let (mut quantile, mut value) = (0.0, 0.0);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.next_field()? {
        match field.number {
            1 => quantile = field.double()?,
            2 => value = field.double()?,
            _ => {}
        }
    }
    Ok((quantile, value))
}
