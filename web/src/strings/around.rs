//! The words of what is around a request.

/// Summary.
pub const AROUND_TITLE: &str = "Around it";
/// There is no answer.
pub const AROUND_FAILED: &str = "What is around this request could not be asked for";
/// No other request.
pub const AROUND_ALONE: &str = "No other request of this operation is stored.";
/// Heading.
pub const AROUND_OPERATION: &str = "Requests of the same operation, before and after";
/// This request in the list.
pub const AROUND_THIS: &str = "this request";
/// Link.
pub const AROUND_COMPARE: &str = "Compare";
/// Link.
pub const AROUND_HEALTHY: &str = "Compare with the nearest one that went well";
/// Column.
pub const AROUND_WHEN: &str = "When";
/// Column.
pub const AROUND_REQUEST: &str = "Request";
/// Heading.
pub const AROUND_METRICS: &str = "Measured at that moment";
/// Heading.
pub const AROUND_SAME: &str = "The same elsewhere";
/// Facts whose values say whose request it was.
pub const AROUND_FACTS: &[&str] = &["Tenant", "User", "Session", "Device", "Gateway", "Order"];

// An id that is not in the store
/// Heading.
pub const NEAR_TITLE: &str = "Nearly the same id";
/// Heading.
pub const ELSEWHERE_TITLE: &str = "The text stands here";
/// Heading.
pub const NEWEST_TITLE: &str = "Newest data of each service";
