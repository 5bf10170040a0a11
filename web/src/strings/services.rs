//! Words of the pages of services.

/// Title of the document.
pub const SERVICES_DOCUMENT_TITLE: &str = "Services · telltale";
/// Heading.
pub const SERVICES_TITLE: &str = "Services";
/// Name of the choice between table and map.
pub const SERVICES_VIEW: &str = "View";
/// A choice.
pub const SERVICES_AS_TABLE: &str = "Table";
/// A choice.
pub const SERVICES_AS_MAP: &str = "Map";
/// Name of the ranges.
pub const SERVICES_RANGE: &str = "Range of time";
/// Ranges, as the API takes them and in words.
pub const SERVICES_RANGES: &[(&str, &str)] =
    &[("15m", "15 min"), ("1h", "1 h"), ("6h", "6 h"), ("24h", "24 h"), ("7d", "7 d"), ("30d", "30 d")];
/// Ask again.
pub const SERVICES_RELOAD: &str = "Reload";
/// There is no answer.
pub const SERVICES_FAILED: &str = "The services cannot be shown";
/// There are no requests.
pub const SERVICES_NONE: &str = "No requests in this time.";
/// What to do.
pub const SERVICES_NONE_HINT: &str = "Services appear as soon as their spans arrive: choose a longer time, or look at";
/// Link to the ingest page.
pub const SERVICES_TO_INGEST: &str = "who sends";
/// Not all spans were counted.
pub const SERVICES_INCOMPLETE: &str = "There are more spans in this time than are counted at once: these numbers are of the first ones. Choose a shorter time for exact numbers.";
/// Field that filters.
pub const SERVICES_FIND: &str = "Filter by name";
/// Caption of the table.
pub const SERVICES_TABLE: &str = "Services with rate, errors and durations";
/// Column.
pub const SERVICES_NAME: &str = "Service";
/// Column.
pub const SERVICES_OPERATION: &str = "Operation";
/// Column.
pub const SERVICES_RATE: &str = "Requests";
/// Column.
pub const SERVICES_ERRORS: &str = "Errors";
/// Column.
pub const SERVICES_TREND: &str = "Trend";
/// Column, and heading of a service's objectives.
pub const SERVICES_OBJECTIVES: &str = "Objectives";
/// Column.
pub const SERVICES_EXAMPLES: &str = "Examples";
/// Column.
pub const SERVICES_OTHER_SIDE: &str = "Other side";
/// Sorts by growth of the 95th percentile.
pub const SERVICES_SLOWER: &str = "Most slowed down first";
/// Caption of the operations.
pub const SERVICES_OPERATIONS: &str = "Operations with rate, errors and durations";
/// Name of the way back.
pub const SERVICES_WAY: &str = "Way back";
/// Heading of the callers.
pub const SERVICES_CALLED_BY: &str = "Called by";
/// Heading of what it calls.
pub const SERVICES_CALLS: &str = "Calls";
/// Neither.
pub const SERVICES_NO_CALLS: &str = "None in this time.";
/// Link to the search page.
pub const SERVICES_SEARCH: &str = "Search its spans";
/// Link to the search page.
pub const SERVICES_SEARCH_FAILED: &str = "Its failed spans";
/// Link to the map.
pub const SERVICES_ON_MAP: &str = "Show on the map";
/// Link to a trace.
pub const EXAMPLE_SLOWEST: &str = "slowest";
/// Link to a trace.
pub const EXAMPLE_FAILED: &str = "failed";
/// Link to a trace.
pub const EXAMPLE_NEWEST: &str = "newest";
/// Title of a chart.
pub const CHART_RATE: &str = "Requests, failed ones red";
/// Title of a chart.
pub const CHART_ERRORS: &str = "Share of errors";
/// Title of a chart.
pub const CHART_TIME: &str = "Duration: p95, and p50 thinner";

/// Name of the map's chosen part.
pub const MAP_CHOSEN: &str = "What is chosen on the map";
/// Nothing is chosen.
pub const MAP_CHOOSE: &str = "Choose a service or a call on the map to see its numbers and examples.";
/// Makes the map smaller.
pub const MAP_SMALLER: &str = "Smaller";
/// Makes the map larger.
pub const MAP_LARGER: &str = "Larger";
/// Fits the map to the page.
pub const MAP_FIT: &str = "Fit the map to the page";
/// The same, short.
pub const MAP_FIT_WORDS: &str = "Fit";
/// Name of these buttons.
pub const MAP_ZOOM: &str = "Size of the map";
/// How to walk with keys.
pub const MAP_KEYS: &str = "Tab to the map, then → ← along calls, ↓ ↑ beside, Enter to choose, Esc to let go";
/// Name of the map.
pub const MAP_LABEL: &str = "Map of services and what they call, callers at the left";
/// A node without numbers.
pub const MAP_NO_REQUESTS: &str = "no entry requests";
/// Link to a service's page.
pub const MAP_OPEN: &str = "Open the service";
/// Caption of calls.
pub const MAP_CALLS: &str = "Calls with rate, errors, durations and examples";
/// No calls at all.
pub const MAP_NO_CALLS: &str = "No calls between services in this time.";
/// Heading of the table.
pub const MAP_TABLE: &str = "All calls as a table";

/// None failed.
pub const SERVICES_NO_ERRORS: &str = "no errors";

/// Some failed.
#[must_use]
pub fn services_errors(share: &str) -> String {
    format!("errors {share}")
}

/// Title of the document of one service.
#[must_use]
pub fn service_document_title(name: &str) -> String {
    format!("{name} · Services · telltale")
}

/// All services together.
#[must_use]
pub fn services_summary(services: &str, rate: &str, requests: &str, errors: &str) -> String {
    format!("{services} · {rate} ({requests} requests) · {errors} · ")
}

/// What changes are measured against.
#[must_use]
pub fn services_compared(length: &str) -> String {
    format!("changes against the {length} before")
}

/// Title of a cell.
#[must_use]
pub fn requests(count: &str) -> String {
    format!("{count} requests")
}

/// Title of a cell.
#[must_use]
pub fn failed(count: &str) -> String {
    format!("{count} failed")
}

/// A trend for those who do not see it.
#[must_use]
pub fn spark_words(most: &str, failed: &str) -> String {
    format!("trend: at most {most} requests a step, {failed} failed in all")
}

/// Rows that are not shown yet.
#[must_use]
pub fn services_more(left: &str) -> String {
    format!("Show the other {left}")
}

/// Spans of operations that are not listed.
#[must_use]
pub fn services_left_out(spans: &str) -> String {
    format!("{spans} more spans belong to operations beyond those listed; they count in the service's numbers.")
}

/// A chart for those who do not see it.
#[must_use]
pub fn chart_words(title: &str, most: &str) -> String {
    format!("{title}: at most {most}")
}

/// The highest value of a chart.
#[must_use]
pub fn chart_most(most: &str) -> String {
    format!("max {most}")
}

/// What stands at an end of a call.
#[must_use]
pub fn peer_kind(kind: &str) -> &'static str {
    match kind {
        "service" => "service",
        "database" => "database",
        "queue" => "queue",
        _ => "third party",
    }
}

/// What is on the map.
#[must_use]
pub fn map_words(services: &str, peers: &str, calls: &str) -> String {
    format!("{services}, {peers} without spans of their own, {calls}")
}

/// Calls to peers that nothing names.
#[must_use]
pub fn map_unnamed(calls: &str) -> String {
    format!("{calls} calls went to peers that nothing names: set server.address or peer.service on client spans.")
}

/// A node for those who do not see it.
#[must_use]
pub fn map_node(name: &str, kind: &str, numbers: &str) -> String {
    format!("{kind} {name}, {numbers}")
}

/// A call for those who do not see it.
#[must_use]
pub fn map_call(from: &str, to: &str, numbers: &str, p95: &str) -> String {
    format!("{from} calls {to}, {numbers}, p95 {p95}")
}

/// The latency at a call on the map.
#[must_use]
pub fn map_label(p95: &str) -> String {
    format!("p95 {p95}")
}

/// Calls that the table leaves out.
#[must_use]
pub fn map_more(left: &str) -> String {
    format!("{left} rarer calls are not in this table; the API lists them all.")
}
