//! The messages of OTLP (opentelemetry-proto 1.11): the JSON name, number and type of every field.

use telltale_model::SignalKind;

/// A message of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// The export request of a signal.
    Request(SignalKind),
    /// `ResourceSpans`, `ResourceLogs` or `ResourceMetrics`.
    ResourceEnvelope(SignalKind),
    /// `ScopeSpans`, `ScopeLogs` or `ScopeMetrics`.
    ScopeEnvelope(SignalKind),
    Resource,
    EntityRef,
    Scope,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
    Span,
    Event,
    Link,
    Status,
    LogRecord,
    Metric,
    /// Gauge or sum.
    NumberData,
    HistogramData,
    ExponentialData,
    SummaryData,
    NumberPoint,
    HistogramPoint,
    ExponentialPoint,
    SummaryPoint,
    Exemplar,
    Buckets,
    Quantile,
}

/// An enumeration: what its numbers are called in protobuf.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    prefix: &'static str,
    /// Names without the prefix; their position is their number.
    names: &'static [&'static str],
}

impl Names {
    /// Returns the number of a full name such as `SPAN_KIND_SERVER`.
    pub(super) fn number(&self, name: &str) -> Option<i32> {
        let short = name.strip_prefix(self.prefix)?;
        let place = self.names.iter().position(|known| *known == short)?;
        i32::try_from(place).ok()
    }

    /// Returns the full name of a number.
    #[cfg(test)]
    pub(super) fn name(&self, number: i32) -> Option<String> {
        let name = self.names.get(usize::try_from(number).ok()?)?;
        Some(format!("{}{name}", self.prefix))
    }
}

static SPAN_KIND: Names =
    Names { prefix: "SPAN_KIND_", names: &["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] };
static STATUS_CODE: Names = Names { prefix: "STATUS_CODE_", names: &["UNSET", "OK", "ERROR"] };
static TEMPORALITY: Names =
    Names { prefix: "AGGREGATION_TEMPORALITY_", names: &["UNSPECIFIED", "DELTA", "CUMULATIVE"] };
static SEVERITY: Names = Names {
    prefix: "SEVERITY_NUMBER_",
    names: &[
        "UNSPECIFIED",
        "TRACE",
        "TRACE2",
        "TRACE3",
        "TRACE4",
        "DEBUG",
        "DEBUG2",
        "DEBUG3",
        "DEBUG4",
        "INFO",
        "INFO2",
        "INFO3",
        "INFO4",
        "WARN",
        "WARN2",
        "WARN3",
        "WARN4",
        "ERROR",
        "ERROR2",
        "ERROR3",
        "ERROR4",
        "FATAL",
        "FATAL2",
        "FATAL3",
        "FATAL4",
    ],
};

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    /// Base64 in JSON.
    Bytes,
    /// Bytes that are hex in JSON.
    Id,
    Bool,
    Enum(&'static Names),
    Int32,
    Uint32,
    Sint32,
    Int64,
    Uint64,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    Message(Message),
}

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// The lowerCamelCase name.
    pub(super) name: &'static str,
    pub(super) number: u32,
    pub(super) of: Type,
    pub(super) repeated: bool,
}

const fn one(name: &'static str, number: u32, of: Type) -> Field {
    Field { name, number, of, repeated: false }
}

const fn many(name: &'static str, number: u32, of: Type) -> Field {
    Field { name, number, of, repeated: true }
}

const fn attributes(number: u32) -> Field {
    many("attributes", number, Type::Message(Message::KeyValue))
}

const fn dropped_attributes_count(number: u32) -> Field {
    one("droppedAttributesCount", number, Type::Uint32)
}

const START_TIME: Field = one("startTimeUnixNano", 2, Type::Fixed64);
const TIME: Field = one("timeUnixNano", 3, Type::Fixed64);

/// The three messages around the records of one signal.
macro_rules! envelopes {
    ($request:ident, $resource:ident, $scope:ident, $signal:ident, $resources:literal, $scopes:literal, $records:literal, $record:ident) => {
        static $request: [Field; 1] =
            [many($resources, 1, Type::Message(Message::ResourceEnvelope(SignalKind::$signal)))];
        static $resource: [Field; 3] = [
            one("resource", 1, Type::Message(Message::Resource)),
            many($scopes, 2, Type::Message(Message::ScopeEnvelope(SignalKind::$signal))),
            one("schemaUrl", 3, Type::Text),
        ];
        static $scope: [Field; 3] = [
            one("scope", 1, Type::Message(Message::Scope)),
            many($records, 2, Type::Message(Message::$record)),
            one("schemaUrl", 3, Type::Text),
        ];
    };
}

envelopes!(TRACES, RESOURCE_SPANS, SCOPE_SPANS, Traces, "resourceSpans", "scopeSpans", "spans", Span);
envelopes!(LOGS, RESOURCE_LOGS, SCOPE_LOGS, Logs, "resourceLogs", "scopeLogs", "logRecords", LogRecord);
envelopes!(METRICS, RESOURCE_METRICS, SCOPE_METRICS, Metrics, "resourceMetrics", "scopeMetrics", "metrics", Metric);

static RESOURCE: [Field; 3] =
    [attributes(1), dropped_attributes_count(2), many("entityRefs", 3, Type::Message(Message::EntityRef))];
static ENTITY_REF: [Field; 4] = [
    one("schemaUrl", 1, Type::Text),
    one("type", 2, Type::Text),
    many("idKeys", 3, Type::Text),
    many("descriptionKeys", 4, Type::Text),
];
static SCOPE: [Field; 4] =
    [one("name", 1, Type::Text), one("version", 2, Type::Text), attributes(3), dropped_attributes_count(4)];
static KEY_VALUE: [Field; 3] =
    [one("key", 1, Type::Text), one("value", 2, Type::Message(Message::AnyValue)), one("keyStrindex", 3, Type::Int32)];
static ANY_VALUE: [Field; 8] = [
    one("stringValue", 1, Type::Text),
    one("boolValue", 2, Type::Bool),
    one("intValue", 3, Type::Int64),
    one("doubleValue", 4, Type::Double),
    one("arrayValue", 5, Type::Message(Message::ArrayValue)),
    one("kvlistValue", 6, Type::Message(Message::KeyValueList)),
    one("bytesValue", 7, Type::Bytes),
    one("stringValueStrindex", 8, Type::Int32),
];
static ARRAY_VALUE: [Field; 1] = [many("values", 1, Type::Message(Message::AnyValue))];
static KEY_VALUE_LIST: [Field; 1] = [many("values", 1, Type::Message(Message::KeyValue))];
static SPAN: [Field; 16] = [
    one("traceId", 1, Type::Id),
    one("spanId", 2, Type::Id),
    one("traceState", 3, Type::Text),
    one("parentSpanId", 4, Type::Id),
    one("name", 5, Type::Text),
    one("kind", 6, Type::Enum(&SPAN_KIND)),
    one("startTimeUnixNano", 7, Type::Fixed64),
    one("endTimeUnixNano", 8, Type::Fixed64),
    attributes(9),
    dropped_attributes_count(10),
    many("events", 11, Type::Message(Message::Event)),
    one("droppedEventsCount", 12, Type::Uint32),
    many("links", 13, Type::Message(Message::Link)),
    one("droppedLinksCount", 14, Type::Uint32),
    one("status", 15, Type::Message(Message::Status)),
    one("flags", 16, Type::Fixed32),
];
static EVENT: [Field; 4] =
    [one("timeUnixNano", 1, Type::Fixed64), one("name", 2, Type::Text), attributes(3), dropped_attributes_count(4)];
static LINK: [Field; 6] = [
    one("traceId", 1, Type::Id),
    one("spanId", 2, Type::Id),
    one("traceState", 3, Type::Text),
    attributes(4),
    dropped_attributes_count(5),
    one("flags", 6, Type::Fixed32),
];
static STATUS: [Field; 2] = [one("message", 2, Type::Text), one("code", 3, Type::Enum(&STATUS_CODE))];
static LOG_RECORD: [Field; 11] = [
    one("timeUnixNano", 1, Type::Fixed64),
    one("severityNumber", 2, Type::Enum(&SEVERITY)),
    one("severityText", 3, Type::Text),
    one("body", 5, Type::Message(Message::AnyValue)),
    attributes(6),
    dropped_attributes_count(7),
    one("flags", 8, Type::Fixed32),
    one("traceId", 9, Type::Id),
    one("spanId", 10, Type::Id),
    one("observedTimeUnixNano", 11, Type::Fixed64),
    one("eventName", 12, Type::Text),
];
static METRIC: [Field; 9] = [
    one("name", 1, Type::Text),
    one("description", 2, Type::Text),
    one("unit", 3, Type::Text),
    one("gauge", 5, Type::Message(Message::NumberData)),
    one("sum", 7, Type::Message(Message::NumberData)),
    one("histogram", 9, Type::Message(Message::HistogramData)),
    one("exponentialHistogram", 10, Type::Message(Message::ExponentialData)),
    one("summary", 11, Type::Message(Message::SummaryData)),
    many("metadata", 12, Type::Message(Message::KeyValue)),
];
const AGGREGATION_TEMPORALITY: Field = one("aggregationTemporality", 2, Type::Enum(&TEMPORALITY));
static NUMBER_DATA: [Field; 3] = [
    many("dataPoints", 1, Type::Message(Message::NumberPoint)),
    AGGREGATION_TEMPORALITY,
    one("isMonotonic", 3, Type::Bool),
];
static HISTOGRAM_DATA: [Field; 2] =
    [many("dataPoints", 1, Type::Message(Message::HistogramPoint)), AGGREGATION_TEMPORALITY];
static EXPONENTIAL_DATA: [Field; 2] =
    [many("dataPoints", 1, Type::Message(Message::ExponentialPoint)), AGGREGATION_TEMPORALITY];
static SUMMARY_DATA: [Field; 1] = [many("dataPoints", 1, Type::Message(Message::SummaryPoint))];
static NUMBER_POINT: [Field; 7] = [
    START_TIME,
    TIME,
    one("asDouble", 4, Type::Double),
    many("exemplars", 5, Type::Message(Message::Exemplar)),
    one("asInt", 6, Type::Sfixed64),
    attributes(7),
    one("flags", 8, Type::Uint32),
];
static HISTOGRAM_POINT: [Field; 11] = [
    START_TIME,
    TIME,
    one("count", 4, Type::Fixed64),
    one("sum", 5, Type::Double),
    many("bucketCounts", 6, Type::Fixed64),
    many("explicitBounds", 7, Type::Double),
    many("exemplars", 8, Type::Message(Message::Exemplar)),
    attributes(9),
    one("flags", 10, Type::Uint32),
    one("min", 11, Type::Double),
    one("max", 12, Type::Double),
];
static EXPONENTIAL_POINT: [Field; 14] = [
    attributes(1),
    START_TIME,
    TIME,
    one("count", 4, Type::Fixed64),
    one("sum", 5, Type::Double),
    one("scale", 6, Type::Sint32),
    one("zeroCount", 7, Type::Fixed64),
    one("positive", 8, Type::Message(Message::Buckets)),
    one("negative", 9, Type::Message(Message::Buckets)),
    one("flags", 10, Type::Uint32),
    many("exemplars", 11, Type::Message(Message::Exemplar)),
    one("min", 12, Type::Double),
    one("max", 13, Type::Double),
    one("zeroThreshold", 14, Type::Double),
];
static SUMMARY_POINT: [Field; 7] = [
    START_TIME,
    TIME,
    one("count", 4, Type::Fixed64),
    one("sum", 5, Type::Double),
    many("quantileValues", 6, Type::Message(Message::Quantile)),
    attributes(7),
    one("flags", 8, Type::Uint32),
];
static EXEMPLAR: [Field; 6] = [
    one("timeUnixNano", 2, Type::Fixed64),
    one("asDouble", 3, Type::Double),
    one("spanId", 4, Type::Id),
    one("traceId", 5, Type::Id),
    one("asInt", 6, Type::Sfixed64),
    many("filteredAttributes", 7, Type::Message(Message::KeyValue)),
];
static BUCKETS: [Field; 2] = [one("offset", 1, Type::Sint32), many("bucketCounts", 2, Type::Uint64)];
static QUANTILE: [Field; 2] = [one("quantile", 1, Type::Double), one("value", 2, Type::Double)];

impl Message {
    /// Returns the message's fields.
    pub(super) const fn fields(self) -> &'static [Field] {
        match self {
            Self::Request(SignalKind::Traces) => &TRACES,
            Self::Request(SignalKind::Logs) => &LOGS,
            Self::Request(SignalKind::Metrics) => &METRICS,
            Self::ResourceEnvelope(SignalKind::Traces) => &RESOURCE_SPANS,
            Self::ResourceEnvelope(SignalKind::Logs) => &RESOURCE_LOGS,
            Self::ResourceEnvelope(SignalKind::Metrics) => &RESOURCE_METRICS,
            Self::ScopeEnvelope(SignalKind::Traces) => &SCOPE_SPANS,
            Self::ScopeEnvelope(SignalKind::Logs) => &SCOPE_LOGS,
            Self::ScopeEnvelope(SignalKind::Metrics) => &SCOPE_METRICS,
            Self::Resource => &RESOURCE,
            Self::EntityRef => &ENTITY_REF,
            Self::Scope => &SCOPE,
            Self::KeyValue => &KEY_VALUE,
            Self::AnyValue => &ANY_VALUE,
            Self::ArrayValue => &ARRAY_VALUE,
            Self::KeyValueList => &KEY_VALUE_LIST,
            Self::Span => &SPAN,
            Self::Event => &EVENT,
            Self::Link => &LINK,
            Self::Status => &STATUS,
            Self::LogRecord => &LOG_RECORD,
            Self::Metric => &METRIC,
            Self::NumberData => &NUMBER_DATA,
            Self::HistogramData => &HISTOGRAM_DATA,
            Self::ExponentialData => &EXPONENTIAL_DATA,
            Self::SummaryData => &SUMMARY_DATA,
            Self::NumberPoint => &NUMBER_POINT,
            Self::HistogramPoint => &HISTOGRAM_POINT,
            Self::ExponentialPoint => &EXPONENTIAL_POINT,
            Self::SummaryPoint => &SUMMARY_POINT,
            Self::Exemplar => &EXEMPLAR,
            Self::Buckets => &BUCKETS,
            Self::Quantile => &QUANTILE,
        }
    }

    /// Returns the field of a JSON key in lowerCamelCase or snake_case.
    pub(super) fn field_of_key(self, key: &str) -> Option<&'static Field> {
        let snake = key.contains('_');
        self.fields().iter().find(|field| if snake { is_snake_of(key, field.name) } else { key == field.name })
    }

    /// Returns the field of a number.
    pub(super) fn field_of_number(self, number: u32) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.number == number)
    }

    /// Whether a fault inside the message costs the message alone: it is an item of a list of records or envelopes.
    pub(super) const fn is_item(self) -> bool {
        matches!(self, Self::ResourceEnvelope(_) | Self::ScopeEnvelope(_) | Self::Metric) || self.is_record()
    }

    /// Whether the message is what OTLP counts: a span, a log record or a data point.
    pub(super) const fn is_record(self) -> bool {
        matches!(
            self,
            Self::Span
                | Self::LogRecord
                | Self::NumberPoint
                | Self::HistogramPoint
                | Self::ExponentialPoint
                | Self::SummaryPoint
        )
    }

    /// Whether records may be below the message.
    pub(super) const fn holds_records(self) -> bool {
        matches!(
            self,
            Self::Request(_)
                | Self::ResourceEnvelope(_)
                | Self::ScopeEnvelope(_)
                | Self::Metric
                | Self::NumberData
                | Self::HistogramData
                | Self::ExponentialData
                | Self::SummaryData
        )
    }
}

/// Whether `snake` is the snake_case form of the lowerCamelCase name `camel`.
fn is_snake_of(snake: &str, camel: &str) -> bool {
    let mut snake = snake.bytes();
    let same = camel.bytes().all(|byte| {
        if byte.is_ascii_uppercase() {
            snake.next() == Some(b'_') && snake.next() == Some(byte.to_ascii_lowercase())
        } else {
            snake.next() == Some(byte)
        }
    });
    same && snake.next().is_none()
}
