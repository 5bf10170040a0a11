//! Words of the page of metrics.

/// Title of the page.
pub const CHARTS_TITLE: &str = "Metrics";
/// Name of the search box of the list.
pub const CHARTS_SEARCH: &str = "Search metrics by name or description";
/// Name of the list.
pub const CHARTS_LIST: &str = "Metrics";
/// Nothing has arrived.
pub const CHARTS_NONE: &str = "No metrics have arrived yet";
/// How to change that.
pub const CHARTS_NONE_HINT: &str =
    "Send metrics by OTLP to the same address as traces, or by Prometheus remote write. They appear here at once.";
/// No metric is chosen.
pub const CHARTS_CHOOSE: &str = "Choose a metric on the left, or write PromQL.";
/// Nothing fits the search.
pub const CHARTS_NO_FIT: &str = "No metric fits the search";
/// Name of the field of an expression.
pub const CHARTS_EXPR: &str = "PromQL";
/// Button that evaluates the expression.
pub const CHARTS_RUN: &str = "Show";
/// Button that goes back to the questions that fit the metric.
pub const CHARTS_RESET: &str = "Back to the metric's own graph";
/// No series in this time.
pub const CHARTS_EMPTY: &str = "No samples in this time";
/// Ranges: seconds and words.
pub const CHARTS_RANGES: [(u64, &str); 6] =
    [(300, "5 min"), (900, "15 min"), (3_600, "1 h"), (21_600, "6 h"), (86_400, "24 h"), (604_800, "7 d")];
/// Name of the buttons of ranges.
pub const CHARTS_RANGE: &str = "Time range up to now";
/// Button that shows a range twice as long.
pub const CHARTS_ZOOM_OUT: &str = "Zoom out";
/// How to zoom.
pub const CHARTS_HOW: &str = "Drag over the graph to zoom in. A name in the legend hides or shows its line. A dot is a request: it opens its story.";
/// Title of the table of labels.
pub const CHARTS_LABELS: &str = "Labels";
/// Column.
pub const CHARTS_LABEL: &str = "label";
/// Column.
pub const CHARTS_VALUES: &str = "values";
/// Column.
pub const CHARTS_EXAMPLES: &str = "for example";
/// A label with very many values.
pub const CHARTS_EXPLODES: &str = "explodes";
/// Name of the legend.
pub const CHARTS_LEGEND: &str = "Lines";
/// A series without labels.
pub const CHARTS_ALL: &str = "all";
/// Failure of the list.
pub const CHARTS_LIST_FAILED: &str = "The list of metrics could not be loaded";
/// Failure of the graph.
pub const CHARTS_FAILED: &str = "The graph could not be loaded";

/// More metrics than are listed.
#[must_use]
pub fn charts_more(shown: &str, all: &str) -> String {
    format!("{shown} of {all} shown; search to find the others")
}

/// More series than are drawn.
#[must_use]
pub fn charts_more_series(shown: &str, all: &str) -> String {
    format!("{shown} of {all} series drawn; narrow the expression, for example with topk(10, …)")
}

/// Name of an exemplar's dot.
#[must_use]
pub fn charts_exemplar(value: &str, time: &str) -> String {
    format!("Open the story of the request with {value} at {time}")
}

/// What the graph shows, for screen readers.
#[must_use]
pub fn charts_graph(series: &str, from: &str, to: &str) -> String {
    format!("Graph of {series} from {from} to {to}; the latest values stand in the legend")
}

/// How many series a metric has.
#[must_use]
pub fn charts_series(count: &str) -> String {
    format!("{count} series")
}
/// Button that keeps the page current.
pub const CHARTS_LIVE: &str = "Live";
/// Button that shows the period before too.
pub const CHARTS_COMPARE: &str = "Compare with the period before";
/// What the dashed lines are.
pub const CHARTS_BEFORE: &str = "Dashed: the period before.";
/// Button of a histogram.
pub const CHARTS_PERCENTILES: &str = "Percentiles";
/// Button of a histogram.
pub const CHARTS_HEAT: &str = "Heat map";
/// Column of a table.
pub const CHARTS_VALUE: &str = "value";
/// Name of a table.
pub const CHARTS_TABLE: &str = "Values by labels";

/// A cell of a heat map.
#[must_use]
pub fn charts_cell(low: &str, high: &str, count: &str, time: &str) -> String {
    format!("{count} between {low} and {high} up to {time}")
}

/// What a heat map shows, for screen readers.
#[must_use]
pub fn charts_heat(low: &str, high: &str, from: &str, to: &str) -> String {
    format!("Heat map of how values are spread between {low} and {high} from {from} to {to}")
}

/// Name of the list of what can be written.
pub const CHARTS_OFFERS: &str = "What can stand here";
