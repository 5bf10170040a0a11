//! Column names, one constant each, so that a misspelt column does not compile.
//!
//! Names are OTLP's field names where OTLP has one; the schemas in the parent module say what each holds.

/// The column `trace_id`.
pub const TRACE_ID: &str = "trace_id";
/// The column `span_id`.
pub const SPAN_ID: &str = "span_id";
/// The column `parent_span_id`.
pub const PARENT_SPAN_ID: &str = "parent_span_id";
/// The column `trace_state`.
pub const TRACE_STATE: &str = "trace_state";
/// The column `flags`.
pub const FLAGS: &str = "flags";
/// The column `name`.
pub const NAME: &str = "name";
/// The column `kind`.
pub const KIND: &str = "kind";
/// The column `start_time_unix_nano`.
pub const START_TIME_UNIX_NANO: &str = "start_time_unix_nano";
/// The column `end_time_unix_nano`.
pub const END_TIME_UNIX_NANO: &str = "end_time_unix_nano";
/// The column `duration_ns`.
pub const DURATION_NS: &str = "duration_ns";
/// The column `start_time_raw`.
pub const START_TIME_RAW: &str = "start_time_raw";
/// The column `end_time_raw`.
pub const END_TIME_RAW: &str = "end_time_raw";
/// The column `time_raw`.
pub const TIME_RAW: &str = "time_raw";
/// The column `observed_time_raw`.
pub const OBSERVED_TIME_RAW: &str = "observed_time_raw";
/// The column `status_code`.
pub const STATUS_CODE: &str = "status_code";
/// The column `status_message`.
pub const STATUS_MESSAGE: &str = "status_message";
/// The column `dropped_attributes_count`.
pub const DROPPED_ATTRIBUTES_COUNT: &str = "dropped_attributes_count";
/// The column `dropped_events_count`.
pub const DROPPED_EVENTS_COUNT: &str = "dropped_events_count";
/// The column `dropped_links_count`.
pub const DROPPED_LINKS_COUNT: &str = "dropped_links_count";
/// The column `events`.
pub const EVENTS: &str = "events";
/// The column `links`.
pub const LINKS: &str = "links";
/// The column `service_name`.
pub const SERVICE_NAME: &str = "service_name";
/// The column `resource`.
pub const RESOURCE: &str = "resource";
/// The column `scope`.
pub const SCOPE: &str = "scope";
/// The column `attributes`.
pub const ATTRIBUTES: &str = "attributes";
/// The column `ingest_time_unix_nano`.
pub const INGEST_TIME_UNIX_NANO: &str = "ingest_time_unix_nano";
/// The column `time_unix_nano`.
pub const TIME_UNIX_NANO: &str = "time_unix_nano";
/// The column `observed_time_unix_nano`.
pub const OBSERVED_TIME_UNIX_NANO: &str = "observed_time_unix_nano";
/// The column `severity_number`.
pub const SEVERITY_NUMBER: &str = "severity_number";
/// The column `severity_text`.
pub const SEVERITY_TEXT: &str = "severity_text";
/// The column `event_name`.
pub const EVENT_NAME: &str = "event_name";
/// The column `body`.
pub const BODY: &str = "body";
/// The column `body_any`.
pub const BODY_ANY: &str = "body_any";
/// The column `series_id`.
pub const SERIES_ID: &str = "series_id";
/// The column `description`.
pub const DESCRIPTION: &str = "description";
/// The column `unit`.
pub const UNIT: &str = "unit";
/// The column `metadata`.
pub const METADATA: &str = "metadata";
/// The column `metric_type`.
pub const METRIC_TYPE: &str = "metric_type";
/// The column `aggregation_temporality`.
pub const AGGREGATION_TEMPORALITY: &str = "aggregation_temporality";
/// The column `is_monotonic`.
pub const IS_MONOTONIC: &str = "is_monotonic";
/// The column `value`.
pub const VALUE: &str = "value";
/// The column `value_int`.
pub const VALUE_INT: &str = "value_int";
/// The column `exemplars`.
pub const EXEMPLARS: &str = "exemplars";
/// The column `count`.
pub const COUNT: &str = "count";
/// The column `sum`.
pub const SUM: &str = "sum";
/// The column `min`.
pub const MIN: &str = "min";
/// The column `max`.
pub const MAX: &str = "max";
/// The column `explicit_bounds`.
pub const EXPLICIT_BOUNDS: &str = "explicit_bounds";
/// The column `bucket_counts`.
pub const BUCKET_COUNTS: &str = "bucket_counts";
/// The column `scale`.
pub const SCALE: &str = "scale";
/// The column `zero_count`.
pub const ZERO_COUNT: &str = "zero_count";
/// The column `zero_threshold`.
pub const ZERO_THRESHOLD: &str = "zero_threshold";
/// The column `positive_offset`.
pub const POSITIVE_OFFSET: &str = "positive_offset";
/// The column `positive_bucket_counts`.
pub const POSITIVE_BUCKET_COUNTS: &str = "positive_bucket_counts";
/// The column `negative_offset`.
pub const NEGATIVE_OFFSET: &str = "negative_offset";
/// The column `negative_bucket_counts`.
pub const NEGATIVE_BUCKET_COUNTS: &str = "negative_bucket_counts";
/// The column `quantile_values`.
pub const QUANTILE_VALUES: &str = "quantile_values";
/// The column `root_span_id`.
pub const ROOT_SPAN_ID: &str = "root_span_id";
/// The column `root_service_name`.
pub const ROOT_SERVICE_NAME: &str = "root_service_name";
/// The column `root_name`.
pub const ROOT_NAME: &str = "root_name";
/// The column `span_count`.
pub const SPAN_COUNT: &str = "span_count";
/// The column `error_count`.
pub const ERROR_COUNT: &str = "error_count";
/// The column `first_error_service_name`.
pub const FIRST_ERROR_SERVICE_NAME: &str = "first_error_service_name";
/// The column `first_error_message`.
pub const FIRST_ERROR_MESSAGE: &str = "first_error_message";
/// The column `service_names`.
pub const SERVICE_NAMES: &str = "service_names";
/// The column `row_start`.
pub const ROW_START: &str = "row_start";
/// The column `row_count`.
pub const ROW_COUNT: &str = "row_count";
/// The column `min_time_unix_nano`.
pub const MIN_TIME_UNIX_NANO: &str = "min_time_unix_nano";
/// The column `max_time_unix_nano`.
pub const MAX_TIME_UNIX_NANO: &str = "max_time_unix_nano";
