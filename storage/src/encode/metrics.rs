//! Batches of the tables of points, row by row and as OTLP.

mod points;

use arrow::array::{
    Array as _, BinaryArray, FixedSizeBinaryArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    UInt32Array, UInt64Array,
};
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, MetricsData, ResourceMetrics, ScopeMetrics, exemplar};
use telltale_model::{AttributeValue, UnixNanos};

use self::points::{Key, Points};
use super::columns::{EncodeError, TailColumns, TimeColumn, bytes, items, member, optional, range, text, typed};
use super::envelope::{Enveloped, Groups, resource_proto, scope_proto};
use super::values::{key_values, key_values_proto};
use crate::schema::{Table, col};

/// The columns that all tables of points have. In every getter `row` must be less than [`Self::len`].
#[derive(Debug, Clone, Copy)]
pub struct PointColumns<'a> {
    name: &'a StringArray,
    series_id: &'a FixedSizeBinaryArray,
    time: TimeColumn<'a>,
    start: TimeColumn<'a>,
    description: &'a StringArray,
    unit: &'a StringArray,
    metadata: &'a BinaryArray,
    flags: &'a UInt32Array,
    exemplars: Option<ExemplarColumns<'a>>,
    tail: TailColumns<'a>,
}

/// An exemplar. Ids are as sent, whatever their length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExemplarRow<'a> {
    /// As sent; 0 when it was not.
    pub time_unix_nano: u64,
    /// `Exemplar.trace_id`.
    pub trace_id: &'a [u8],
    /// `Exemplar.span_id`.
    pub span_id: &'a [u8],
    /// The value when it is a double.
    pub value: Option<f64>,
    /// The value when it is an integer.
    pub value_int: Option<i64>,
    /// OTLP `KeyValueList`, for [`super::key_values`].
    pub attributes: &'a [u8],
}

impl ExemplarRow<'_> {
    /// Returns the filtered attributes, in the order sent.
    #[must_use]
    pub fn attributes(&self) -> Vec<(String, AttributeValue)> {
        key_values(self.attributes)
    }

    fn proto(self) -> Exemplar {
        let double = self.value.map(exemplar::Value::AsDouble);
        Exemplar {
            filtered_attributes: key_values_proto(self.attributes, 1),
            time_unix_nano: self.time_unix_nano,
            span_id: self.span_id.to_vec(),
            trace_id: self.trace_id.to_vec(),
            value: double.or(self.value_int.map(exemplar::Value::AsInt)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct ExemplarColumns<'a> {
    rows: &'a ListArray,
    time: &'a UInt64Array,
    trace_id: &'a BinaryArray,
    span_id: &'a BinaryArray,
    value: &'a Float64Array,
    value_int: &'a Int64Array,
    attributes: &'a BinaryArray,
}

impl<'a> ExemplarColumns<'a> {
    /// Summaries have no exemplars.
    fn new(batch: &'a RecordBatch) -> Result<Option<Self>, EncodeError> {
        if batch.column_by_name(col::EXEMPLARS).is_none() {
            return Ok(None);
        }
        let rows = typed(batch, col::EXEMPLARS)?;
        let items = items(rows, col::EXEMPLARS)?;
        Ok(Some(Self {
            rows,
            time: member(items, col::TIME_UNIX_NANO)?,
            trace_id: member(items, col::TRACE_ID)?,
            span_id: member(items, col::SPAN_ID)?,
            value: member(items, col::VALUE)?,
            value_int: member(items, col::VALUE_INT)?,
            attributes: member(items, col::ATTRIBUTES)?,
        }))
    }

    fn item(&self, item: usize) -> ExemplarRow<'a> {
        ExemplarRow {
            time_unix_nano: self.time.value(item),
            trace_id: self.trace_id.value(item),
            span_id: self.span_id.value(item),
            value: optional(self.value, item),
            value_int: optional(self.value_int, item),
            attributes: bytes(self.attributes, item),
        }
    }
}

impl<'a> PointColumns<'a> {
    /// Finds the columns in a batch of any table of points.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, EncodeError> {
        Ok(Self {
            name: typed(batch, col::NAME)?,
            series_id: typed(batch, col::SERIES_ID)?,
            time: TimeColumn::new(batch, col::TIME_UNIX_NANO, col::TIME_RAW)?,
            start: TimeColumn::new(batch, col::START_TIME_UNIX_NANO, col::START_TIME_RAW)?,
            description: typed(batch, col::DESCRIPTION)?,
            unit: typed(batch, col::UNIT)?,
            metadata: typed(batch, col::METADATA)?,
            flags: typed(batch, col::FLAGS)?,
            exemplars: ExemplarColumns::new(batch)?,
            tail: TailColumns::new(batch)?,
        })
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.name.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns service, resource, scope and attributes.
    #[must_use]
    pub const fn tail(&self) -> &TailColumns<'a> {
        &self.tail
    }

    /// Returns the metric's name.
    #[must_use]
    pub fn name(&self, row: usize) -> &'a str {
        self.name.value(row)
    }

    /// Returns the metric's description, empty for none.
    #[must_use]
    pub fn description(&self, row: usize) -> &'a str {
        text(self.description, row)
    }

    /// Returns the metric's unit, empty for none.
    #[must_use]
    pub fn unit(&self, row: usize) -> &'a str {
        text(self.unit, row)
    }

    /// Returns the 16 bytes of the series' id.
    #[must_use]
    pub fn series_id(&self, row: usize) -> &'a [u8] {
        self.series_id.value(row)
    }

    /// Returns the point's time as sent.
    #[must_use]
    pub fn time_unix_nano(&self, row: usize) -> UnixNanos {
        UnixNanos(self.time.sent(row))
    }

    /// Returns when the point's interval began, as sent; 0 when it was not.
    #[must_use]
    pub fn start_time_unix_nano(&self, row: usize) -> UnixNanos {
        UnixNanos(self.start.sent(row))
    }

    /// Returns the point's flags; bit 0: no recorded value.
    #[must_use]
    pub fn flags(&self, row: usize) -> u32 {
        self.flags.value(row)
    }

    /// Returns the exemplars, in the order sent; summaries have none.
    pub fn exemplars(&self, row: usize) -> impl Iterator<Item = ExemplarRow<'a>> + use<'a> {
        let columns = self.exemplars;
        columns.into_iter().flat_map(move |columns| range(columns.rows, row).map(move |item| columns.item(item)))
    }

    fn exemplars_proto(&self, row: usize) -> Vec<Exemplar> {
        self.exemplars(row).map(ExemplarRow::proto).collect()
    }
}

/// The points of one metric.
type OfMetric<'a> = Groups<Key<'a>, Points>;

pub(super) fn encode(batches: &[(Table, RecordBatch)]) -> Result<MetricsData, EncodeError> {
    let mut resources: Enveloped<'_, OfMetric<'_>> = Enveloped::default();
    for (table, batch) in batches {
        points::collect(*table, batch, &mut resources)?;
    }
    let resource_metrics = resources.into_vec().into_iter().map(|(bytes, scopes)| {
        let (resource, schema_url) = resource_proto(bytes);
        let scope_metrics = scopes.into_vec().into_iter().map(|(bytes, metrics)| {
            let (scope, schema_url) = scope_proto(bytes);
            ScopeMetrics { scope, metrics: metrics.into_vec().into_iter().map(metric_proto).collect(), schema_url }
        });
        ResourceMetrics { resource, scope_metrics: scope_metrics.collect(), schema_url }
    });
    Ok(MetricsData { resource_metrics: resource_metrics.collect() })
}

fn metric_proto((key, points): (Key<'_>, Points)) -> Metric {
    Metric {
        name: key.name.to_owned(),
        description: key.description.to_owned(),
        unit: key.unit.to_owned(),
        metadata: key_values_proto(key.metadata, 1),
        data: Some(points.into_data(&key)),
    }
}
