//! The Arrow schemas of the stored tables: what the memtable builds, what Parquet holds, what a query reads.
//!
//! There is one schema a table and it is the same in memory and on disk, so that a query never has to reconcile two.
//! Column names are OTLP's field names. Rules that hold for every table:
//!
//! * Ids are `FixedSizeBinary`; SQL shows them as hex (telltale-query does that).
//! * Times are `Timestamp(ns, UTC)`. OTLP's `fixed64` reaches the year 2554, Arrow's `i64` the year 2262: a time that does
//!   not fit (or a log's time of 0) is replaced in the query column and kept whole in a nullable `*_raw` column.
//! * `resource` and `scope` are the envelope's own OTLP bytes (`ResourceSpans` without its `scope_spans`, `ScopeSpans`
//!   without its `spans`; the field numbers are the same for logs and metrics), dictionary-encoded, so that a row costs a
//!   few bits and a file stands alone.
//! * `attributes` is a list of structs, one member a type: order, duplicates and types survive
//!   (docs/decisions/0001-attributes-as-a-list-of-structs.md).
//! * Columns are only ever appended; [`VERSION`] counts up when one is.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

pub mod columns;

pub use columns as col;

/// Version of all schemas together; written into every segment.
pub const VERSION: u32 = 1;

/// A stored table. Each has one schema and one sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Spans with nested events and links; sorted by (`trace_id`, `start_time_unix_nano`, `span_id`).
    Spans,
    /// Log records; sorted by `time_unix_nano`, newest first.
    Logs,
    /// Gauges and sums; sorted by (`name`, `series_id`, `time_unix_nano`), as the three below.
    Points,
    /// Histograms with explicit bounds.
    HistogramPoints,
    /// Exponential histograms.
    ExpHistogramPoints,
    /// Summaries.
    SummaryPoints,
}

impl Table {
    /// Every stored table.
    pub const ALL: [Self; 6] =
        [Self::Spans, Self::Logs, Self::Points, Self::HistogramPoints, Self::ExpHistogramPoints, Self::SummaryPoints];

    /// Returns the table's name in SQL, in paths and in the catalog.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "logs",
            Self::Points => "points",
            Self::HistogramPoints => "histogram_points",
            Self::ExpHistogramPoints => "exp_histogram_points",
            Self::SummaryPoints => "summary_points",
        }
    }

    /// Returns the table of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Returns the table's schema.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; 6]> = LazyLock::new(|| {
            [spans(), logs(), points(), histogram_points(), exp_histogram_points(), summary_points()].map(Arc::new)
        });
        let [spans, logs, points, histograms, exp_histograms, summaries] = &*SCHEMAS;
        Arc::clone(match self {
            Self::Spans => spans,
            Self::Logs => logs,
            Self::Points => points,
            Self::HistogramPoints => histograms,
            Self::ExpHistogramPoints => exp_histograms,
            Self::SummaryPoints => summaries,
        })
    }

    /// Tells whether rows are data points of metrics, not spans or log records.
    #[must_use]
    pub const fn holds_points(self) -> bool {
        !matches!(self, Self::Spans | Self::Logs)
    }

    /// Returns the column by which time ranges prune.
    #[must_use]
    pub const fn time_column(self) -> &'static str {
        match self {
            Self::Spans => col::START_TIME_UNIX_NANO,
            _ => col::TIME_UNIX_NANO,
        }
    }
}

/// Nanoseconds since the epoch, UTC.
#[must_use]
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// 16 bytes.
pub const TRACE_ID: DataType = DataType::FixedSizeBinary(16);
/// 8 bytes.
pub const SPAN_ID: DataType = DataType::FixedSizeBinary(8);
/// The xxh3-128 of a series, see `telltale_storage::decode::metrics`.
pub const SERIES_ID: DataType = DataType::FixedSizeBinary(16);

/// The members of an attribute: exactly one value member is set, none for a key without a value.
#[must_use]
pub fn attribute_fields() -> Fields {
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("str", DataType::Utf8, true),
        Field::new("int", DataType::Int64, true),
        Field::new("double", DataType::Float64, true),
        Field::new("bool", DataType::Boolean, true),
        // OTLP `AnyValue` bytes of arrays, maps, byte strings and values without a type.
        Field::new("any", DataType::Binary, true),
    ])
}

/// `List<Struct<key, str, int, double, bool, any>>`.
#[must_use]
pub fn attribute_list() -> DataType {
    list(DataType::Struct(attribute_fields()))
}

/// A list whose items are never null.
#[must_use]
pub fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, false)))
}

/// The members of a span event; `attributes` is an OTLP `KeyValueList`.
#[must_use]
pub fn event_fields() -> Fields {
    Fields::from(vec![
        Field::new(col::TIME_UNIX_NANO, DataType::UInt64, false),
        Field::new(col::NAME, DataType::Utf8, false),
        Field::new(col::ATTRIBUTES, DataType::Binary, true),
        Field::new(col::DROPPED_ATTRIBUTES_COUNT, DataType::UInt32, false),
    ])
}

/// The members of a span link; ids are kept as sent, whatever their length; `attributes` is an OTLP `KeyValueList`.
#[must_use]
pub fn link_fields() -> Fields {
    Fields::from(vec![
        Field::new(col::TRACE_ID, DataType::Binary, false),
        Field::new(col::SPAN_ID, DataType::Binary, false),
        Field::new(col::TRACE_STATE, DataType::Utf8, true),
        Field::new(col::ATTRIBUTES, DataType::Binary, true),
        Field::new(col::DROPPED_ATTRIBUTES_COUNT, DataType::UInt32, false),
        Field::new(col::FLAGS, DataType::UInt32, false),
    ])
}

/// The members of an exemplar; `attributes` is an OTLP `KeyValueList`.
#[must_use]
pub fn exemplar_fields() -> Fields {
    Fields::from(vec![
        Field::new(col::TIME_UNIX_NANO, DataType::UInt64, false),
        Field::new(col::TRACE_ID, DataType::Binary, false),
        Field::new(col::SPAN_ID, DataType::Binary, false),
        Field::new(col::VALUE, DataType::Float64, true),
        Field::new(col::VALUE_INT, DataType::Int64, true),
        Field::new(col::ATTRIBUTES, DataType::Binary, true),
    ])
}

/// The members of a summary's quantile.
#[must_use]
pub fn quantile_fields() -> Fields {
    Fields::from(vec![
        Field::new("quantile", DataType::Float64, false),
        Field::new(col::VALUE, DataType::Float64, false),
    ])
}

fn required(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// Envelope bytes, one value a resource or scope, referred to by key.
fn envelope(name: &str) -> Field {
    optional(name, DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Binary)))
}

/// The columns that every table ends with.
fn tail() -> [Field; 5] {
    [
        optional(col::SERVICE_NAME, DataType::Utf8),
        envelope(col::RESOURCE),
        envelope(col::SCOPE),
        required(col::ATTRIBUTES, attribute_list()),
        required(col::INGEST_TIME_UNIX_NANO, timestamp()),
    ]
}

fn spans() -> Schema {
    let mut fields = vec![
        required(col::TRACE_ID, TRACE_ID),
        required(col::SPAN_ID, SPAN_ID),
        optional(col::PARENT_SPAN_ID, SPAN_ID),
        optional(col::TRACE_STATE, DataType::Utf8),
        required(col::FLAGS, DataType::UInt32),
        required(col::NAME, DataType::Utf8),
        required(col::KIND, DataType::Int32),
        required(col::START_TIME_UNIX_NANO, timestamp()),
        required(col::DURATION_NS, DataType::Int64),
        optional(col::START_TIME_RAW, DataType::UInt64),
        optional(col::END_TIME_RAW, DataType::UInt64),
        // Null: the span was sent without a status message.
        optional(col::STATUS_CODE, DataType::Int32),
        optional(col::STATUS_MESSAGE, DataType::Utf8),
        required(col::DROPPED_ATTRIBUTES_COUNT, DataType::UInt32),
        required(col::DROPPED_EVENTS_COUNT, DataType::UInt32),
        required(col::DROPPED_LINKS_COUNT, DataType::UInt32),
        required(col::EVENTS, list(DataType::Struct(event_fields()))),
        required(col::LINKS, list(DataType::Struct(link_fields()))),
    ];
    fields.extend(tail());
    Schema::new(fields)
}

fn logs() -> Schema {
    let mut fields = vec![
        // The record's time, else its observed time, else the time of arrival.
        required(col::TIME_UNIX_NANO, timestamp()),
        // Set when the query column is not what was sent: 0, or beyond the year 2262.
        optional(col::TIME_RAW, DataType::UInt64),
        optional(col::OBSERVED_TIME_UNIX_NANO, timestamp()),
        optional(col::OBSERVED_TIME_RAW, DataType::UInt64),
        required(col::SEVERITY_NUMBER, DataType::Int32),
        optional(col::SEVERITY_TEXT, DataType::Utf8),
        optional(col::EVENT_NAME, DataType::Utf8),
        // Text bodies as they are, structured bodies as JSON.
        optional(col::BODY, DataType::Utf8),
        // OTLP `AnyValue` bytes of a body that is not a text.
        optional(col::BODY_ANY, DataType::Binary),
        optional(col::TRACE_ID, TRACE_ID),
        optional(col::SPAN_ID, SPAN_ID),
        required(col::FLAGS, DataType::UInt32),
        required(col::DROPPED_ATTRIBUTES_COUNT, DataType::UInt32),
    ];
    fields.extend(tail());
    Schema::new(fields)
}

/// The columns that every kind of point begins with.
fn point_head() -> Vec<Field> {
    vec![
        required(col::NAME, DataType::Utf8),
        required(col::SERIES_ID, SERIES_ID),
        required(col::TIME_UNIX_NANO, timestamp()),
        optional(col::START_TIME_UNIX_NANO, timestamp()),
        optional(col::TIME_RAW, DataType::UInt64),
        optional(col::START_TIME_RAW, DataType::UInt64),
        optional(col::DESCRIPTION, DataType::Utf8),
        optional(col::UNIT, DataType::Utf8),
        // OTLP `KeyValueList` of `Metric.metadata`.
        optional(col::METADATA, DataType::Binary),
        required(col::FLAGS, DataType::UInt32),
    ]
}

fn exemplars() -> Field {
    required(col::EXEMPLARS, list(DataType::Struct(exemplar_fields())))
}

fn points() -> Schema {
    let mut fields = point_head();
    fields.extend([
        // "gauge" or "sum".
        required(col::METRIC_TYPE, DataType::Utf8),
        // Null for gauges.
        optional(col::AGGREGATION_TEMPORALITY, DataType::Int32),
        optional(col::IS_MONOTONIC, DataType::Boolean),
        // Exactly one of the two is set; none for a point without a recorded value.
        optional(col::VALUE, DataType::Float64),
        optional(col::VALUE_INT, DataType::Int64),
        exemplars(),
    ]);
    fields.extend(tail());
    Schema::new(fields)
}

fn histogram_points() -> Schema {
    let mut fields = point_head();
    fields.extend([
        required(col::AGGREGATION_TEMPORALITY, DataType::Int32),
        required(col::COUNT, DataType::UInt64),
        optional(col::SUM, DataType::Float64),
        optional(col::MIN, DataType::Float64),
        optional(col::MAX, DataType::Float64),
        required(col::EXPLICIT_BOUNDS, list(DataType::Float64)),
        required(col::BUCKET_COUNTS, list(DataType::UInt64)),
        exemplars(),
    ]);
    fields.extend(tail());
    Schema::new(fields)
}

fn exp_histogram_points() -> Schema {
    let mut fields = point_head();
    fields.extend([
        required(col::AGGREGATION_TEMPORALITY, DataType::Int32),
        required(col::COUNT, DataType::UInt64),
        optional(col::SUM, DataType::Float64),
        optional(col::MIN, DataType::Float64),
        optional(col::MAX, DataType::Float64),
        required(col::SCALE, DataType::Int32),
        required(col::ZERO_COUNT, DataType::UInt64),
        required(col::ZERO_THRESHOLD, DataType::Float64),
        // Null: the side was not sent at all.
        optional(col::POSITIVE_OFFSET, DataType::Int32),
        required(col::POSITIVE_BUCKET_COUNTS, list(DataType::UInt64)),
        optional(col::NEGATIVE_OFFSET, DataType::Int32),
        required(col::NEGATIVE_BUCKET_COUNTS, list(DataType::UInt64)),
        exemplars(),
    ]);
    fields.extend(tail());
    Schema::new(fields)
}

fn summary_points() -> Schema {
    let mut fields = point_head();
    fields.extend([
        required(col::COUNT, DataType::UInt64),
        required(col::SUM, DataType::Float64),
        required(col::QUANTILE_VALUES, list(DataType::Struct(quantile_fields()))),
    ]);
    fields.extend(tail());
    Schema::new(fields)
}

/// One row a trace and segment: where its spans lie and what a list of traces shows. Sorted by `trace_id`.
#[must_use]
pub fn trace_rows() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            required(col::TRACE_ID, TRACE_ID),
            required(col::START_TIME_UNIX_NANO, timestamp()),
            required(col::END_TIME_UNIX_NANO, timestamp()),
            optional(col::ROOT_SPAN_ID, SPAN_ID),
            optional(col::ROOT_SERVICE_NAME, DataType::Utf8),
            optional(col::ROOT_NAME, DataType::Utf8),
            required(col::SPAN_COUNT, DataType::UInt64),
            required(col::ERROR_COUNT, DataType::UInt64),
            optional(col::FIRST_ERROR_SERVICE_NAME, DataType::Utf8),
            optional(col::FIRST_ERROR_MESSAGE, DataType::Utf8),
            required(col::SERVICE_NAMES, list(DataType::Utf8)),
            // First row of the trace in the segment's data file, and how many follow on.
            required(col::ROW_START, DataType::UInt64),
            required(col::ROW_COUNT, DataType::UInt64),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// Columns that say what a series is, of which a table has some or all.
const SERIES_COLUMNS: [&str; 11] = [
    col::NAME,
    col::SERIES_ID,
    col::DESCRIPTION,
    col::UNIT,
    col::METADATA,
    col::METRIC_TYPE,
    col::AGGREGATION_TEMPORALITY,
    col::IS_MONOTONIC,
    col::RESOURCE,
    col::SCOPE,
    col::ATTRIBUTES,
];

/// Returns the columns of a table of points that say what a series is, in the table's order: equal in all its rows, but for what is
/// told to people.
#[must_use]
pub fn series_columns(table: Table) -> Vec<&'static str> {
    let schema = table.schema();
    SERIES_COLUMNS.into_iter().filter(|name| schema.index_of(name).is_ok()).collect()
}

/// One row a series and compacted segment of a table of points: what it is, by its first row there, and where its rows lie. In the
/// order of the rows.
#[must_use]
pub fn series_rows(table: Table) -> SchemaRef {
    let schema = table.schema();
    let columns = series_columns(table);
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len() + 4);
    fields.extend(columns.iter().filter_map(|name| schema.field_with_name(name).ok().cloned()));
    fields.extend([
        // First row of the series in the segment's data file, and how many follow on.
        required(col::ROW_START, DataType::UInt64),
        required(col::ROW_COUNT, DataType::UInt64),
        required(col::MIN_TIME_UNIX_NANO, timestamp()),
        required(col::MAX_TIME_UNIX_NANO, timestamp()),
    ]);
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests;
