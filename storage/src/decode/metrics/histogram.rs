//! `HistogramDataPoint`s into the `histogram_points` table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Float64Builder, Int32Builder, RecordBatch, UInt64Array, UInt64Builder};
use arrow::error::ArrowError;
use telltale_model::UnixNanos;

use super::exemplars::{self, ExemplarColumn};
use super::point::{Common, Head, Metric};
use crate::decode::attributes::Attributes;
use crate::decode::columns::{Offsets, Tail};
use crate::decode::wire::{Fault, Reader};
use crate::schema::Table;

/// What the point that was read last has besides the common fields. The lists' items are already in their columns.
#[derive(Debug, Default, Clone, Copy)]
struct Point {
    count: u64,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

/// A list column of 64-bit items; a row that is not kept is cut off again.
#[derive(Debug)]
pub(super) struct Items {
    items: Vec<u64>,
    rows: Offsets,
    kept: usize,
}

impl Items {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), rows: Offsets::new(), kept: 0 }
    }

    /// Begins a row, forgetting one that was not closed.
    pub(super) fn begin_row(&mut self) -> &mut Vec<u64> {
        self.items.truncate(self.kept);
        &mut self.items
    }

    pub(super) fn row(&mut self) -> &mut Vec<u64> {
        &mut self.items
    }

    pub(super) fn close_row(&mut self) {
        self.kept = self.items.len();
        self.rows.close_row(self.kept);
    }

    pub(super) fn finish_counts(mut self) -> Result<ArrayRef, ArrowError> {
        self.items.truncate(self.kept);
        self.rows.items(Arc::new(UInt64Array::from(self.items)))
    }

    pub(super) fn finish_doubles(mut self) -> Result<ArrayRef, ArrowError> {
        self.items.truncate(self.kept);
        let doubles: Vec<f64> = self.items.into_iter().map(f64::from_bits).collect();
        self.rows.items(Arc::new(Float64Array::from(doubles)))
    }
}

/// Builds the rows of the `histogram_points` table.
#[derive(Debug)]
pub(super) struct HistogramPoints {
    point: Point,
    head: Head,
    temporality: Int32Builder,
    count: UInt64Builder,
    sum: Float64Builder,
    min: Float64Builder,
    max: Float64Builder,
    bounds: Items,
    counts: Items,
    exemplars: ExemplarColumn,
    tail: Tail,
}

impl HistogramPoints {
    pub(super) fn new() -> Self {
        Self {
            point: Point::default(),
            head: Head::new(),
            temporality: Int32Builder::new(),
            count: UInt64Builder::new(),
            sum: Float64Builder::new(),
            min: Float64Builder::new(),
            max: Float64Builder::new(),
            bounds: Items::new(),
            counts: Items::new(),
            exemplars: ExemplarColumn::new(),
            tail: Tail::new(),
        }
    }

    pub(super) fn read<'p>(
        &mut self,
        bytes: &'p [u8],
        (attributes, exemplars): (&mut Attributes<'p>, &mut Vec<&'p [u8]>),
    ) -> Result<Common, Fault> {
        let mut common = Common::default();
        let mut point = Point::default();
        self.bounds.begin_row();
        self.counts.begin_row();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                4 => point.count = field.fixed64()?,
                5 => point.sum = Some(field.double()?),
                6 => field.repeated_fixed64(self.counts.row())?,
                7 => field.repeated_fixed64(self.bounds.row())?,
                8 => exemplars.push(exemplars::check(field.bytes()?)?),
                9 => attributes.push(field.bytes()?)?,
                10 => common.flags = field.u32()?,
                11 => point.min = Some(field.double()?),
                12 => point.max = Some(field.double()?),
                _ => common.read_time(&field)?,
            }
        }
        self.point = point;
        Ok(common)
    }

    pub(super) fn push(&mut self, metric: &Metric<'_>, exemplars: &[&[u8]]) -> Result<(&mut Head, &mut Tail), Fault> {
        self.temporality.append_value(metric.aggregation_temporality);
        self.count.append_value(self.point.count);
        self.sum.append_option(self.point.sum);
        self.min.append_option(self.point.min);
        self.max.append_option(self.point.max);
        self.bounds.close_row();
        self.counts.close_row();
        self.exemplars.push_row(exemplars)?;
        Ok((&mut self.head, &mut self.tail))
    }

    pub(super) fn finish(mut self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(mut columns) = self.head.finish()? else { return Ok(None) };
        let own: [ArrayRef; 5] = [
            Arc::new(self.temporality.finish()),
            Arc::new(self.count.finish()),
            Arc::new(self.sum.finish()),
            Arc::new(self.min.finish()),
            Arc::new(self.max.finish()),
        ];
        columns.extend(own);
        columns.push(self.bounds.finish_doubles()?);
        columns.push(self.counts.finish_counts()?);
        columns.push(self.exemplars.finish()?);
        self.tail.finish(received, &mut columns)?;
        RecordBatch::try_new(Table::HistogramPoints.schema(), columns).map(Some)
    }
}
