//! Words of the search page.

/// Title of the document.
pub const SEARCH_DOCUMENT_TITLE: &str = "Search · telltale";
/// Heading, and name of the form.
pub const SEARCH_TITLE: &str = "Search spans and logs";
/// Name of the box.
pub const SEARCH_BOX: &str = "Search";
/// Hint in the box.
pub const SEARCH_PLACEHOLDER: &str =
    "timeout \"connection refused\" service:payments status:error duration>250ms -http.route~^/health";
/// Button.
pub const SEARCH_GO: &str = "Search";
/// Name of the buttons of kinds.
pub const SEARCH_KIND: &str = "What to search";
/// Link from a paste.
pub const PASTE_SEARCH: &str = "Search the logs for this text";
/// Kind.
pub const SEARCH_LOGS: &str = "Logs";
/// Kind.
pub const SEARCH_SPANS: &str = "Spans";
/// Kind.
pub const SEARCH_TRACES: &str = "Traces";
/// Name of the offers.
pub const SEARCH_OFFERS: &str = "Keys and values";
/// Name of the histogram.
pub const SEARCH_HISTOGRAM: &str = "Matching rows over time";
/// Name of its slider.
pub const SEARCH_BARS: &str = "Time of matching rows; arrow keys select";
/// Name of the legend.
pub const SEARCH_LEGEND: &str = "Colours";
/// How to zoom.
pub const SEARCH_HOW_ZOOM: &str =
    "Drag to zoom in, with Shift to compare. By keys: arrows select, Shift extends, Enter zooms in, d compares.";
/// How to select.
pub const SEARCH_HOW_COMPARE: &str =
    "Drag to select what is compared with the rest. By keys: arrows select, Shift extends, d compares, Enter zooms in.";
/// After the exact number.
pub const SEARCH_LOGS_FOUND: &str = "log records";
/// After the exact number.
pub const SEARCH_SPANS_FOUND: &str = "spans";
/// After the exact number: of traces, the spans that match.
pub const SEARCH_TRACES_FOUND: &str = "matching spans in these traces";
/// Failure.
pub const SEARCH_HISTOGRAM_FAILED: &str = "The histogram could not be made";
/// Failure.
pub const SEARCH_FACETS_FAILED: &str = "The facets could not be counted";
/// Failure.
pub const SEARCH_FAILED: &str = "The search failed";
/// Name of the column of facets.
pub const SEARCH_FACETS: &str = "Facets";
/// No row has a value.
pub const SEARCH_NO_FACETS: &str = "No values to narrow by";
/// A facet that is counted over some of the rows.
pub const SEARCH_SAMPLED: &str = "sample";
/// What that means.
pub const SEARCH_SAMPLED_HELP: &str = "Counted over some of the rows that match, not over all";
/// A value that the query asks for.
pub const SEARCH_CHOSEN: &str = "chosen";
/// Shows fewer values.
pub const SEARCH_LESS: &str = "fewer";
/// Name of the tabs.
pub const SEARCH_TABS: &str = "Views of the result";
/// Tab.
pub const SEARCH_ROWS: &str = "Rows";
/// Tab.
pub const SEARCH_PATTERNS: &str = "Patterns";
/// Tab.
pub const SEARCH_DIFFERENT: &str = "What is different";
/// Column.
pub const SEARCH_TIME: &str = "time";
/// Column.
pub const SEARCH_STORY: &str = "story";
/// Link to the story.
pub const SEARCH_SAME_TRACE: &str = "Open its story";
/// Link to the logs of the trace.
pub const SEARCH_TRACE_LOGS: &str = "Logs of this trace";
/// Link to the neighbours.
pub const SEARCH_AROUND: &str = "Logs around this one";
/// Name of an unfolded row.
pub const SEARCH_DETAILS: &str = "All fields";
/// Nothing matches.
pub const SEARCH_NOTHING: &str = "Nothing matches";
/// Nothing is there at all.
pub const SEARCH_NOTHING_STORED: &str = "Nothing of this kind is stored so far";
/// Way out.
pub const SEARCH_ALL_TIMES: &str = "Search all times";
/// Way out.
pub const SEARCH_WITHOUT: &str = "Show everything, without the query";
/// Way out.
pub const SEARCH_IN_SPANS: &str = "Search spans instead of logs";
/// Way out.
pub const SEARCH_IN_LOGS: &str = "Search logs instead of spans";
/// Below the last row.
pub const SEARCH_END: &str = "That is all.";
/// Name of the ranges.
pub const SEARCH_RANGE: &str = "Time range";
/// Ranges: what the address says, and words.
pub const SEARCH_RANGES: [(&str, &str); 8] = [
    ("", "All times"),
    ("5m", "Last 5 min"),
    ("15m", "Last 15 min"),
    ("1h", "Last hour"),
    ("6h", "Last 6 h"),
    ("24h", "Last 24 h"),
    ("7d", "Last 7 d"),
    ("30d", "Last 30 d"),
];
/// A range of its own.
pub const SEARCH_BETWEEN: &str = "Between";
/// Field.
pub const SEARCH_FROM: &str = "From";
/// Field.
pub const SEARCH_TO: &str = "To";
/// Name of the orders.
pub const SEARCH_ORDER: &str = "Order";
/// Order.
pub const SEARCH_NEWEST: &str = "Newest";
/// Order.
pub const SEARCH_SLOWEST: &str = "Slowest";
/// Button.
pub const SEARCH_LIVE: &str = "Live";
/// No row yet.
pub const SEARCH_LIVE_WAITING: &str = "Waiting for the first row that matches…";
/// State.
pub const SEARCH_PAUSED: &str = "paused; nothing is lost while the server remembers it";
/// Button.
pub const SEARCH_PAUSE: &str = "Pause (p)";
/// Button.
pub const SEARCH_RESUME: &str = "Resume (p)";
/// After a restart.
pub const SEARCH_GAP: &str = "The server was started anew; rows in between are stored.";
/// Link to what was skipped.
pub const SEARCH_SKIPPED_FIND: &str = "Find them by search";
/// Menu.
pub const SEARCH_COLUMNS: &str = "Columns";
/// What the menu does.
pub const SEARCH_COLUMNS_HELP: &str = "Any field of an unfolded row can be a column too.";
/// Menu.
pub const SEARCH_SAVED: &str = "Saved";
/// None is saved.
pub const SEARCH_SAVED_NONE: &str = "No search is saved so far.";
/// Failure.
pub const SEARCH_SAVED_FAILED: &str = "The saved searches cannot be shown";
/// Field.
pub const SEARCH_SAVE_NAME: &str = "Name for this search";
/// Button.
pub const SEARCH_SAVE: &str = "Save";
/// Menu.
pub const SEARCH_EXPORT: &str = "Export";
/// What the menu does.
pub const SEARCH_EXPORT_HELP: &str = "Everything that matches, in the order in which it is stored.";
/// Formats: what the address says, and words.
pub const SEARCH_FORMATS: [(&str, &str); 3] = [("csv", "CSV"), ("jsonl", "JSON lines"), ("parquet", "Parquet")];
/// Menu.
pub const SEARCH_SQL: &str = "SQL";
/// What the menu shows.
pub const SEARCH_SQL_HELP: &str = "The statement that means the same, for telltale query and POST /api/sql.";
/// Button.
pub const SEARCH_COPY_SQL: &str = "Copy";
/// What is copied.
pub const SEARCH_WHAT_SQL: &str = "statement";
/// Label.
pub const SEARCH_NEW_SINCE: &str = "New since";
/// When the address does not say.
pub const SEARCH_SINCE_USUAL: &str = "15m";
/// Times: what the address says, and words.
pub const SEARCH_SINCE: [(&str, &str); 6] = [
    ("5m", "5 minutes ago"),
    ("15m", "15 minutes ago"),
    ("1h", "an hour ago"),
    ("6h", "6 hours ago"),
    ("24h", "a day ago"),
    ("7d", "a week ago"),
];
/// Sign of a new template.
pub const SEARCH_NEW: &str = "new";
/// Failure.
pub const SEARCH_PATTERNS_FAILED: &str = "The patterns could not be found";
/// Column.
pub const SEARCH_PATTERN: &str = "pattern";
/// Column.
pub const SEARCH_PATTERN_COUNT: &str = "lines";
/// Column.
pub const SEARCH_PATTERN_LEVEL: &str = "level";
/// Column.
pub const SEARCH_PATTERN_FIRST: &str = "first";
/// Column.
pub const SEARCH_PATTERN_LAST: &str = "last";
/// Not all lines were looked at.
pub const SEARCH_PATTERNS_CUT: &str = "; more lines match, narrow the search to see all of them";
/// Nothing is selected.
pub const SEARCH_SELECT_FIRST: &str =
    "Select what to compare with the rest: drag over the histogram or the durations, or write a condition.";
/// Name of the field.
pub const SEARCH_SELECTION: &str = "Condition of the selected rows";
/// Hint in the field.
pub const SEARCH_SELECTION_HINT: &str = "duration>1s";
/// Button.
pub const SEARCH_COMPARE: &str = "Compare";
/// Usual selections of logs: condition and words.
pub const SEARCH_SELECT_LOGS: [(&str, &str); 2] = [("level>=error", "Errors"), ("level>=warn", "Warnings and errors")];
/// Usual selections of spans: condition and words.
pub const SEARCH_SELECT_SPANS: [(&str, &str); 2] = [("status:error", "Errors"), ("duration>1s", "Slower than 1 s")];
/// Heading.
pub const SEARCH_DURATIONS: &str = "How long they take";
/// Failure.
pub const SEARCH_DURATIONS_FAILED: &str = "The durations could not be counted";
/// Name of the slider.
pub const SEARCH_DURATION_BARS: &str = "Durations of matching spans; arrow keys select a band";
/// Group of durations.
pub const SEARCH_NOT_FAILED: &str = "without error";
/// Failure.
pub const SEARCH_DIFFERENT_FAILED: &str = "The comparison failed";
/// Some of the rows were looked at.
pub const SEARCH_COMPARED_CUT: &str = "; more rows match, narrow the search to compare all of them";
/// The selected rows are like the rest.
pub const SEARCH_NO_DIFFERENCE: &str = "No value is more frequent among the selected rows than among the rest.";
/// Column.
pub const SEARCH_KEY: &str = "key";
/// Column.
pub const SEARCH_VALUE: &str = "value";
/// Column.
pub const SEARCH_OF_SELECTED: &str = "of the selected";
/// Column.
pub const SEARCH_OF_REST: &str = "of the rest";

/// What a range of bars holds.
#[must_use]
pub fn bars_range(range: &str, all: &str, groups: &str) -> String {
    if groups.is_empty() { format!("{range}: {all}") } else { format!("{range}: {all} ({groups})") }
}

/// Shows the other values of a facet.
#[must_use]
pub fn search_more(count: usize) -> String {
    format!("{count} more")
}

/// Rows with values that are not listed.
#[must_use]
pub fn search_other(count: &str) -> String {
    format!("{count} with other values")
}

/// Name of the link that keeps rows with a value.
#[must_use]
pub fn search_only(key: &str, value: &str) -> String {
    format!("Only rows with {key} = {value}")
}

/// Name of the link that leaves rows with a value out.
#[must_use]
pub fn search_not(key: &str, value: &str) -> String {
    format!("No rows with {key} = {value}")
}

/// Name of the button that makes a field a column.
#[must_use]
pub fn search_column(key: &str) -> String {
    format!("Show {key} as a column")
}

/// Name of the link to every place where a value stands.
#[must_use]
pub fn search_elsewhere(value: &str) -> String {
    format!("Where {value} stands elsewhere")
}

/// Name of the button that deletes a saved search.
#[must_use]
pub fn search_delete(name: &str) -> String {
    format!("Delete the saved search {name}")
}

/// The page holds no more rows.
#[must_use]
pub fn search_full(rows: &str) -> String {
    format!("{rows} rows are shown; narrow the search, or export all of them.")
}

/// Rows that come a second.
#[must_use]
pub fn search_live_rate(rate: &str) -> String {
    format!("live, {rate}/s")
}

/// Rows that were too fast.
#[must_use]
pub fn search_skipped(count: &str) -> String {
    format!("{count} rows came too fast to be shown.")
}

/// How many templates of how many lines.
#[must_use]
pub fn search_patterns_of(patterns: &str, lines: &str) -> String {
    format!("{patterns} patterns of {lines} lines")
}

/// Lines of other templates.
#[must_use]
pub fn search_patterns_other(lines: &str) -> String {
    format!("; {lines} lines are of rarer patterns")
}

/// What was compared.
#[must_use]
pub fn search_compared(selected: &str, rest: &str) -> String {
    format!("{selected} selected rows, compared with {rest} others")
}
