//! The words of what is around a request.

/// Summary.
pub const AROUND_TITLE: &str = "Around it";
/// There is no answer.
pub const AROUND_FAILED: &str = "What is around this request could not be asked for";
/// No other request.
pub const AROUND_ALONE: &str = "No other request of this operation is stored.";
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
/// No metrics.
pub const AROUND_NO_METRICS: &str = "The services of this trace sent no metrics within half a minute of it.";
/// Heading.
pub const AROUND_SAME: &str = "The same key elsewhere";
/// Heading.
pub const AROUND_NEIGHBOURS: &str = "Requests before and after, of the same";
/// Before a link.
pub const AROUND_BEFORE: &str = "before:";
/// Before a link.
pub const AROUND_AFTER: &str = "after:";
/// Not everything was looked at.
pub const AROUND_MORE: &str = "There are more than were looked at.";
/// Link.
pub const AROUND_ITS_SPAN: &str = "its span";
/// Name of a list.
pub const AROUND_EXEMPLARS: &str = "Measured in this request";

/// Heading of the requests of an operation.
#[must_use]
pub fn around_operation(service: &str, name: &str) -> String {
    format!("The newest of {service}: {name}")
}

/// Records with the same key.
#[must_use]
pub fn around_logs(records: &str) -> String {
    format!("{records} with it belong to no trace.")
}

/// What was measured.
#[must_use]
pub fn around_numbers(least: &str, average: &str, most: &str) -> String {
    format!("least {least}, average {average}, most {most}")
}

/// How many points that is.
#[must_use]
pub fn around_points(points: &str) -> String {
    format!("{points} within 30 s")
}

/// Why there is no chart.
#[must_use]
pub fn around_no_chart(why: &str) -> String {
    format!("No chart: {why}")
}

/// Exemplars beyond those shown.
#[must_use]
pub fn around_more_exemplars(count: usize) -> String {
    format!("and {count} more measurements in this request")
}

/// A chart in words.
#[must_use]
pub fn around_chart(metric: &str, lines: &str, minutes: &str, low: &str, high: &str) -> String {
    let lines = if lines.is_empty() { String::new() } else { format!(" ({lines})") };
    format!("{metric}{lines} over {minutes} around the request: from {low} to {high}")
}

// An id that is not in the store
/// Heading.
pub const NEAR_TITLE: &str = "Nearly the same id";
/// Heading.
pub const ELSEWHERE_TITLE: &str = "The text stands here";
/// Heading.
pub const NEWEST_TITLE: &str = "Newest data of each service";
