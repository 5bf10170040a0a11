//! `NumberDataPoint`s of gauges and sums into the `points` table.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::error::ArrowError;
use telltale_model::UnixNanos;

use super::exemplars::{self, ExemplarColumn, Number};
use super::point::{Common, Head, Metric, PointKind};
use crate::decode::attributes::Attributes;
use crate::decode::columns::Tail;
use crate::decode::wire::{Fault, Reader};
use crate::schema::Table;

/// Builds the rows of the `points` table.
#[derive(Debug)]
pub(super) struct NumberPoints {
    /// The value of the point that was read last.
    number: Number,
    head: Head,
    metric_type: StringBuilder,
    temporality: Int32Builder,
    is_monotonic: BooleanBuilder,
    value: Float64Builder,
    value_int: Int64Builder,
    exemplars: ExemplarColumn,
    tail: Tail,
}

impl NumberPoints {
    pub(super) fn new() -> Self {
        Self {
            number: Number::None,
            head: Head::new(),
            metric_type: StringBuilder::new(),
            temporality: Int32Builder::new(),
            is_monotonic: BooleanBuilder::new(),
            value: Float64Builder::new(),
            value_int: Int64Builder::new(),
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
        self.number = Number::None;
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                4 => self.number = Number::Double(field.double()?),
                5 => exemplars.push(exemplars::check(field.bytes()?)?),
                6 => self.number = Number::Int(field.fixed64()?.cast_signed()),
                7 => attributes.push(field.bytes()?)?,
                8 => common.flags = field.u32()?,
                _ => common.read_time(&field)?,
            }
        }
        Ok(common)
    }

    pub(super) fn push(&mut self, metric: &Metric<'_>, exemplars: &[&[u8]]) -> Result<(&mut Head, &mut Tail), Fault> {
        let is_sum = metric.kind == Some(PointKind::Sum);
        self.metric_type.append_value(if is_sum { "sum" } else { "gauge" });
        self.temporality.append_option(is_sum.then_some(metric.aggregation_temporality));
        self.is_monotonic.append_option(is_sum.then_some(metric.is_monotonic));
        self.number.append_to(&mut self.value, &mut self.value_int);
        self.exemplars.push_row(exemplars)?;
        Ok((&mut self.head, &mut self.tail))
    }

    pub(super) fn finish(mut self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(mut columns) = self.head.finish()? else { return Ok(None) };
        let own: [ArrayRef; 5] = [
            Arc::new(self.metric_type.finish()),
            Arc::new(self.temporality.finish()),
            Arc::new(self.is_monotonic.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.value_int.finish()),
        ];
        columns.extend(own);
        columns.push(self.exemplars.finish()?);
        self.tail.finish(received, &mut columns)?;
        RecordBatch::try_new(Table::Points.schema(), columns).map(Some)
    }
}
