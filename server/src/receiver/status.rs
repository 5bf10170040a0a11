//! `google.rpc.Status` with its details, and the export responses, in protobuf and JSON.
//!
//! The messages are written out here because they are five small ones; field numbers are those of googleapis'
//! `rpc/status.proto`, `rpc/error_details.proto` and of OTLP's collector services, which give all three signals the
//! same wire form.

use prost::Message;
use serde_json::{Value, json};
use telltale_model::SignalKind;

use super::Acknowledged;
use super::refusal::{Reason, Refusal};
use crate::limits::RETRY_AFTER;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// A value of `google.rpc.Code`.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For developers, in English.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Typed details.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub struct Any {
    /// Which message `value` is.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The message.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct BadRequest {
    /// What is wrong where.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, Message)]
pub struct FieldViolation {
    /// The path of the field.
    #[prost(string, tag = "1")]
    pub field: String,
    /// What is wrong with it.
    #[prost(string, tag = "2")]
    pub description: String,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct RetryInfo {
    /// How long to wait.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<Duration>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Duration {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// The rest.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// `Export{Trace,Metrics,Logs}ServiceResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct ExportResponse {
    /// Absent on full success.
    #[prost(message, optional, tag = "1")]
    pub partial_success: Option<PartialSuccess>,
}

/// `Export{Trace,Metrics,Logs}PartialSuccess`.
#[derive(Clone, PartialEq, Message)]
pub struct PartialSuccess {
    /// `rejected_spans`, `rejected_data_points` or `rejected_log_records`.
    #[prost(int64, tag = "1")]
    pub rejected: i64,
    /// Why, or a warning when nothing was rejected.
    #[prost(string, tag = "2")]
    pub error_message: String,
}

/// Type of [`BadRequest`] in an [`Any`].
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
/// Type of [`RetryInfo`] in an [`Any`].
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// The field that a refusal of the whole body is about: the message itself.
const WHOLE_BODY: &str = "body";

/// Returns the status of a refusal in protobuf; with the code that its transport uses.
#[must_use]
pub fn protobuf(refusal: &Refusal, code: i32) -> Status {
    let detail = match refusal.reason {
        Reason::Malformed => {
            let violation = FieldViolation { field: WHOLE_BODY.to_owned(), description: refusal.message.clone() };
            let value = BadRequest { field_violations: vec![violation] }.encode_to_vec();
            Some(Any { type_url: BAD_REQUEST.to_owned(), value })
        }
        Reason::Unavailable => {
            let delay = Duration { seconds: retry_after_s(), nanos: 0 };
            let value = RetryInfo { retry_delay: Some(delay) }.encode_to_vec();
            Some(Any { type_url: RETRY_INFO.to_owned(), value })
        }
        _ => None,
    };
    Status { code, message: refusal.message.clone(), details: detail.into_iter().collect() }
}

/// Returns the status of a refusal in JSON, as protobuf's JSON mapping writes it.
#[must_use]
pub fn json(refusal: &Refusal, code: i32) -> Value {
    let detail = match refusal.reason {
        Reason::Malformed => Some(json!({
            "@type": BAD_REQUEST,
            "fieldViolations": [{"field": WHOLE_BODY, "description": refusal.message}],
        })),
        Reason::Unavailable => Some(json!({"@type": RETRY_INFO, "retryDelay": format!("{}s", retry_after_s())})),
        _ => None,
    };
    let mut status = json!({"code": code, "message": refusal.message});
    if let (Some(detail), Some(members)) = (detail, status.as_object_mut()) {
        members.insert("details".to_owned(), Value::Array(vec![detail]));
    }
    status
}

/// Returns the seconds to wait.
fn retry_after_s() -> i64 {
    i64::try_from(RETRY_AFTER.as_secs()).unwrap_or(1)
}

impl From<&Acknowledged> for ExportResponse {
    /// Full success leaves `partial_success` unset; a warning sets it with nothing rejected.
    fn from(acknowledged: &Acknowledged) -> Self {
        let is_full = acknowledged.rejected == 0 && acknowledged.message.is_empty();
        let partial_success = (!is_full).then(|| PartialSuccess {
            rejected: i64::try_from(acknowledged.rejected).unwrap_or(i64::MAX),
            error_message: acknowledged.message.clone(),
        });
        Self { partial_success }
    }
}

impl ExportResponse {
    /// Returns the JSON form; the count is an `int64`, hence a text, and has another name for each signal.
    #[must_use]
    pub fn to_json(&self, signal: SignalKind) -> Value {
        let Some(partial) = &self.partial_success else { return json!({}) };
        let count = match signal {
            SignalKind::Traces => "rejectedSpans",
            SignalKind::Metrics => "rejectedDataPoints",
            SignalKind::Logs => "rejectedLogRecords",
        };
        json!({"partialSuccess": {count: partial.rejected.to_string(), "errorMessage": partial.error_message}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;

    #[test]
    fn responses_are_those_of_the_official_definitions() {
        let acknowledged = Acknowledged { accepted: 0, rejected: 3, message: "three".to_owned() };
        let bytes = ExportResponse::from(&acknowledged).encode_to_vec();
        let official = ExportTraceServiceResponse::decode(bytes.as_slice()).unwrap().partial_success.unwrap();
        assert_eq!((official.rejected_spans, official.error_message.as_str()), (3, "three"));
        assert_eq!(
            ExportResponse::from(&acknowledged).to_json(SignalKind::Logs),
            json!({"partialSuccess": {"rejectedLogRecords": "3", "errorMessage": "three"}})
        );
        let full = ExportResponse::from(&Acknowledged::default());
        assert!(full.encode_to_vec().is_empty());
        assert_eq!(full.to_json(SignalKind::Traces), json!({}));
    }

    #[test]
    fn only_what_is_worth_sending_again_carries_retry_info() {
        let all = [
            Reason::Malformed,
            Reason::TooLarge,
            Reason::UnsupportedMedia,
            Reason::MethodNotAllowed,
            Reason::UnknownPath,
            Reason::Unauthenticated,
            Reason::ForbiddenOrigin,
            Reason::Misdirected,
            Reason::SlowBody,
            Reason::Unavailable,
        ];
        for reason in all {
            let refusal = Refusal::new(reason, "why");
            let status = protobuf(&refusal, reason.grpc_code());
            let has_retry = status.details.iter().any(|detail| detail.type_url == RETRY_INFO);
            assert_eq!(has_retry, reason == Reason::Unavailable, "{reason:?}");
            // OTLP's table: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS are retryable.
            assert_eq!([1, 4, 10, 11, 14, 15].contains(&status.code), has_retry, "{reason:?}");
            let http = reason.http_status().as_u16();
            assert_eq!([429, 502, 503, 504].contains(&http), has_retry, "{reason:?}");
            assert_eq!(json(&refusal, status.code).get("details").is_some(), !status.details.is_empty());
        }
    }
}
