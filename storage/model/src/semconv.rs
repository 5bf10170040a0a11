//! The attribute keys that telltale itself reads, one constant each.
//!
//! Source: OpenTelemetry semantic conventions 1.37 unless a line says otherwise. Keys that only a story's facts
//! read are configuration, not code, and do not stand here.

/// Logical name of the service, from the resource.
pub const SERVICE_NAME: &str = "service.name";
/// Version of the service, from the resource.
pub const SERVICE_VERSION: &str = "service.version";
/// Name of the span event that carries an exception.
pub const EXCEPTION_EVENT: &str = "exception";
/// Class of an exception.
pub const EXCEPTION_TYPE: &str = "exception.type";
/// Message of an exception.
pub const EXCEPTION_MESSAGE: &str = "exception.message";
/// Stack trace of an exception.
pub const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";
/// Status code of an HTTP answer.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// The same before semantic conventions 1.21.
pub const HTTP_STATUS_CODE_OLD: &str = "http.status_code";
/// Class of error, of any span.
pub const ERROR_TYPE: &str = "error.type";
