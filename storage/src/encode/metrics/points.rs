//! Points of each kind as OTLP, gathered under their metric.

use arrow::array::{
    Array, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, UInt64Array,
};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, NumberDataPoint, Sum,
    Summary, SummaryDataPoint, number_data_point,
};

use super::{OfMetric, PointColumns};
use crate::encode::columns::{EncodeError, bytes, items, member, optional, range, typed};
use crate::encode::envelope::Enveloped;
use crate::schema::{Table, col};

/// Which message a metric's points are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// Everything that the points of one metric share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    pub(super) unit: &'a str,
    pub(super) metadata: &'a [u8],
    kind: Kind,
    aggregation_temporality: i32,
    is_monotonic: bool,
}

/// The points of one metric; only the list of its kind is used.
#[derive(Debug, Default)]
pub(super) struct Points {
    numbers: Vec<NumberDataPoint>,
    histograms: Vec<HistogramDataPoint>,
    exponentials: Vec<ExponentialHistogramDataPoint>,
    summaries: Vec<SummaryDataPoint>,
}

impl Points {
    pub(super) fn into_data(self, key: &Key<'_>) -> Data {
        let aggregation_temporality = key.aggregation_temporality;
        match key.kind {
            Kind::Gauge => Data::Gauge(Gauge { data_points: self.numbers }),
            Kind::Sum => {
                Data::Sum(Sum { data_points: self.numbers, aggregation_temporality, is_monotonic: key.is_monotonic })
            }
            Kind::Histogram => Data::Histogram(Histogram { data_points: self.histograms, aggregation_temporality }),
            Kind::ExponentialHistogram => Data::ExponentialHistogram(ExponentialHistogram {
                data_points: self.exponentials,
                aggregation_temporality,
            }),
            Kind::Summary => Data::Summary(Summary { data_points: self.summaries }),
        }
    }
}

/// Adds the rows of a batch.
pub(super) fn collect<'a>(
    table: Table,
    batch: &'a RecordBatch,
    resources: &mut Enveloped<'a, OfMetric<'a>>,
) -> Result<(), EncodeError> {
    match table {
        Table::Points => numbers(batch, resources),
        Table::HistogramPoints => histograms(batch, resources),
        Table::ExpHistogramPoints => exponentials(batch, resources),
        Table::SummaryPoints => summaries(batch, resources),
        Table::Spans | Table::Logs => Err(EncodeError::new(table.name())),
    }
}

impl<'a> PointColumns<'a> {
    fn points<'r>(
        &self,
        row: usize,
        (kind, aggregation_temporality, is_monotonic): (Kind, i32, bool),
        resources: &'r mut Enveloped<'a, OfMetric<'a>>,
    ) -> &'r mut Points {
        let key = Key {
            name: self.name(row),
            description: self.description(row),
            unit: self.unit(row),
            metadata: bytes(self.metadata, row),
            kind,
            aggregation_temporality,
            is_monotonic,
        };
        resources.of(self.tail.resource(row)).of(self.tail.scope(row)).of(key)
    }
}

fn numbers<'a>(batch: &'a RecordBatch, resources: &mut Enveloped<'a, OfMetric<'a>>) -> Result<(), EncodeError> {
    let columns = PointColumns::new(batch)?;
    let metric_type: &StringArray = typed(batch, col::METRIC_TYPE)?;
    let temporality: &Int32Array = typed(batch, col::AGGREGATION_TEMPORALITY)?;
    let is_monotonic: &BooleanArray = typed(batch, col::IS_MONOTONIC)?;
    let value: &Float64Array = typed(batch, col::VALUE)?;
    let value_int: &Int64Array = typed(batch, col::VALUE_INT)?;
    for row in 0..columns.len() {
        let kind = if metric_type.value(row) == "sum" { Kind::Sum } else { Kind::Gauge };
        let monotonic = is_monotonic.is_valid(row) && is_monotonic.value(row);
        let key = (kind, optional(temporality, row).unwrap_or(0), monotonic);
        let double = optional(value, row).map(number_data_point::Value::AsDouble);
        columns.points(row, key, resources).numbers.push(NumberDataPoint {
            attributes: columns.tail.attributes_proto(row),
            start_time_unix_nano: columns.start.sent(row),
            time_unix_nano: columns.time.sent(row),
            exemplars: columns.exemplars_proto(row),
            flags: columns.flags(row),
            value: double.or(optional(value_int, row).map(number_data_point::Value::AsInt)),
        });
    }
    Ok(())
}

/// The columns that both kinds of histograms have.
#[derive(Debug, Clone, Copy)]
struct Totals<'a> {
    temporality: &'a Int32Array,
    count: &'a UInt64Array,
    sum: &'a Float64Array,
    min: &'a Float64Array,
    max: &'a Float64Array,
}

impl<'a> Totals<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self, EncodeError> {
        Ok(Self {
            temporality: typed(batch, col::AGGREGATION_TEMPORALITY)?,
            count: typed(batch, col::COUNT)?,
            sum: typed(batch, col::SUM)?,
            min: typed(batch, col::MIN)?,
            max: typed(batch, col::MAX)?,
        })
    }
}

fn histograms<'a>(batch: &'a RecordBatch, resources: &mut Enveloped<'a, OfMetric<'a>>) -> Result<(), EncodeError> {
    let columns = PointColumns::new(batch)?;
    let totals = Totals::new(batch)?;
    let bounds: &ListArray = typed(batch, col::EXPLICIT_BOUNDS)?;
    let counts: &ListArray = typed(batch, col::BUCKET_COUNTS)?;
    for row in 0..columns.len() {
        let key = (Kind::Histogram, totals.temporality.value(row), false);
        columns.points(row, key, resources).histograms.push(HistogramDataPoint {
            attributes: columns.tail.attributes_proto(row),
            start_time_unix_nano: columns.start.sent(row),
            time_unix_nano: columns.time.sent(row),
            count: totals.count.value(row),
            sum: optional(totals.sum, row),
            bucket_counts: list_of_counts(counts, row)?,
            explicit_bounds: list_of_doubles(bounds, row)?,
            exemplars: columns.exemplars_proto(row),
            flags: columns.flags(row),
            min: optional(totals.min, row),
            max: optional(totals.max, row),
        });
    }
    Ok(())
}

fn exponentials<'a>(batch: &'a RecordBatch, resources: &mut Enveloped<'a, OfMetric<'a>>) -> Result<(), EncodeError> {
    let columns = PointColumns::new(batch)?;
    let totals = Totals::new(batch)?;
    let scale: &Int32Array = typed(batch, col::SCALE)?;
    let zero_count: &UInt64Array = typed(batch, col::ZERO_COUNT)?;
    let zero_threshold: &Float64Array = typed(batch, col::ZERO_THRESHOLD)?;
    let sides: [(&Int32Array, &ListArray); 2] = [
        (typed(batch, col::POSITIVE_OFFSET)?, typed(batch, col::POSITIVE_BUCKET_COUNTS)?),
        (typed(batch, col::NEGATIVE_OFFSET)?, typed(batch, col::NEGATIVE_BUCKET_COUNTS)?),
    ];
    let [positive, negative] = sides;
    for row in 0..columns.len() {
        let key = (Kind::ExponentialHistogram, totals.temporality.value(row), false);
        columns.points(row, key, resources).exponentials.push(ExponentialHistogramDataPoint {
            attributes: columns.tail.attributes_proto(row),
            start_time_unix_nano: columns.start.sent(row),
            time_unix_nano: columns.time.sent(row),
            count: totals.count.value(row),
            sum: optional(totals.sum, row),
            scale: scale.value(row),
            zero_count: zero_count.value(row),
            positive: buckets(positive, row)?,
            negative: buckets(negative, row)?,
            flags: columns.flags(row),
            exemplars: columns.exemplars_proto(row),
            min: optional(totals.min, row),
            max: optional(totals.max, row),
            zero_threshold: zero_threshold.value(row),
        });
    }
    Ok(())
}

fn buckets((offset, counts): (&Int32Array, &ListArray), row: usize) -> Result<Option<Buckets>, EncodeError> {
    let Some(offset) = optional(offset, row) else { return Ok(None) };
    Ok(Some(Buckets { offset, bucket_counts: list_of_counts(counts, row)? }))
}

fn summaries<'a>(batch: &'a RecordBatch, resources: &mut Enveloped<'a, OfMetric<'a>>) -> Result<(), EncodeError> {
    let columns = PointColumns::new(batch)?;
    let count: &UInt64Array = typed(batch, col::COUNT)?;
    let sum: &Float64Array = typed(batch, col::SUM)?;
    let quantiles: &ListArray = typed(batch, col::QUANTILE_VALUES)?;
    let quantile_items = items(quantiles, col::QUANTILE_VALUES)?;
    let quantile: &Float64Array = member(quantile_items, "quantile")?;
    let value: &Float64Array = member(quantile_items, col::VALUE)?;
    for row in 0..columns.len() {
        let at = |item| ValueAtQuantile { quantile: quantile.value(item), value: value.value(item) };
        columns.points(row, (Kind::Summary, 0, false), resources).summaries.push(SummaryDataPoint {
            attributes: columns.tail.attributes_proto(row),
            start_time_unix_nano: columns.start.sent(row),
            time_unix_nano: columns.time.sent(row),
            count: count.value(row),
            sum: sum.value(row),
            quantile_values: range(quantiles, row).map(at).collect(),
            flags: columns.flags(row),
        });
    }
    Ok(())
}

fn list_of_counts(list: &ListArray, row: usize) -> Result<Vec<u64>, EncodeError> {
    let items: &UInt64Array = list_items(list)?;
    Ok(range(list, row).map(|item| items.value(item)).collect())
}

fn list_of_doubles(list: &ListArray, row: usize) -> Result<Vec<f64>, EncodeError> {
    let items: &Float64Array = list_items(list)?;
    Ok(range(list, row).map(|item| items.value(item)).collect())
}

fn list_items<T: 'static>(list: &ListArray) -> Result<&T, EncodeError> {
    list.values().as_any().downcast_ref().ok_or_else(|| EncodeError::new("item"))
}
