//! `ExponentialHistogramDataPoint`s into the `exp_histogram_points` table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int32Builder, RecordBatch, UInt64Builder};
use arrow::error::ArrowError;
use telltale_model::UnixNanos;

use super::exemplars::{self, ExemplarColumn};
use super::histogram::Items;
use super::point::{Common, Head, Metric};
use crate::decode::attributes::Attributes;
use crate::decode::columns::Tail;
use crate::decode::wire::{Fault, Reader};
use crate::schema::Table;

/// What the point that was read last has besides the common fields. The bucket counts are already in their columns.
#[derive(Debug, Default, Clone, Copy)]
struct Point {
    count: u64,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    scale: i32,
    zero_count: u64,
    zero_threshold: f64,
    positive_offset: Option<i32>,
    negative_offset: Option<i32>,
}

/// Builds the rows of the `exp_histogram_points` table.
#[derive(Debug)]
pub(super) struct ExponentialPoints {
    point: Point,
    head: Head,
    temporality: Int32Builder,
    count: UInt64Builder,
    sum: Float64Builder,
    min: Float64Builder,
    max: Float64Builder,
    scale: Int32Builder,
    zero_count: UInt64Builder,
    zero_threshold: Float64Builder,
    positive_offset: Int32Builder,
    positive: Items,
    negative_offset: Int32Builder,
    negative: Items,
    exemplars: ExemplarColumn,
    tail: Tail,
}

impl ExponentialPoints {
    pub(super) fn new() -> Self {
        Self {
            point: Point::default(),
            head: Head::new(),
            temporality: Int32Builder::new(),
            count: UInt64Builder::new(),
            sum: Float64Builder::new(),
            min: Float64Builder::new(),
            max: Float64Builder::new(),
            scale: Int32Builder::new(),
            zero_count: UInt64Builder::new(),
            zero_threshold: Float64Builder::new(),
            positive_offset: Int32Builder::new(),
            positive: Items::new(),
            negative_offset: Int32Builder::new(),
            negative: Items::new(),
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
        self.positive.begin_row();
        self.negative.begin_row();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => attributes.push(field.bytes()?)?,
                4 => point.count = field.fixed64()?,
                5 => point.sum = Some(field.double()?),
                6 => point.scale = field.sint32()?,
                7 => point.zero_count = field.fixed64()?,
                8 => read_buckets(field.bytes()?, &mut point.positive_offset, self.positive.row())?,
                9 => read_buckets(field.bytes()?, &mut point.negative_offset, self.negative.row())?,
                10 => common.flags = field.u32()?,
                11 => exemplars.push(exemplars::check(field.bytes()?)?),
                12 => point.min = Some(field.double()?),
                13 => point.max = Some(field.double()?),
                14 => point.zero_threshold = field.double()?,
                _ => common.read_time(&field)?,
            }
        }
        self.point = point;
        Ok(common)
    }

    pub(super) fn push(&mut self, metric: &Metric<'_>, exemplars: &[&[u8]]) -> Result<(&mut Head, &mut Tail), Fault> {
        let point = self.point;
        self.temporality.append_value(metric.aggregation_temporality);
        self.count.append_value(point.count);
        self.sum.append_option(point.sum);
        self.min.append_option(point.min);
        self.max.append_option(point.max);
        self.scale.append_value(point.scale);
        self.zero_count.append_value(point.zero_count);
        self.zero_threshold.append_value(point.zero_threshold);
        self.positive_offset.append_option(point.positive_offset);
        self.positive.close_row();
        self.negative_offset.append_option(point.negative_offset);
        self.negative.close_row();
        self.exemplars.push_row(exemplars)?;
        Ok((&mut self.head, &mut self.tail))
    }

    pub(super) fn finish(mut self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(mut columns) = self.head.finish()? else { return Ok(None) };
        let own: [ArrayRef; 8] = [
            Arc::new(self.temporality.finish()),
            Arc::new(self.count.finish()),
            Arc::new(self.sum.finish()),
            Arc::new(self.min.finish()),
            Arc::new(self.max.finish()),
            Arc::new(self.scale.finish()),
            Arc::new(self.zero_count.finish()),
            Arc::new(self.zero_threshold.finish()),
        ];
        columns.extend(own);
        columns.push(Arc::new(self.positive_offset.finish()));
        columns.push(self.positive.finish_counts()?);
        columns.push(Arc::new(self.negative_offset.finish()));
        columns.push(self.negative.finish_counts()?);
        columns.push(self.exemplars.finish()?);
        self.tail.finish(received, &mut columns)?;
        RecordBatch::try_new(Table::ExpHistogramPoints.schema(), columns).map(Some)
    }
}

/// Reads `Buckets` over what is there: protobuf merges a message that was sent twice.
fn read_buckets(bytes: &[u8], offset: &mut Option<i32>, counts: &mut Vec<u64>) -> Result<(), Fault> {
    let offset = offset.get_or_insert(0);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.next_field()? {
        match field.number {
            1 => *offset = field.sint32()?,
            2 => field.repeated_varint(counts)?,
            _ => {}
        }
    }
    Ok(())
}
