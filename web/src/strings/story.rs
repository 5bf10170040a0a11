//! The words of the story page.

// Story
/// There is no story.
pub const STORY_FAILED: &str = "The story cannot be shown";
/// Things arrive.
pub const RECEIVING: &str = "receiving…";
/// Button.
pub const COPY_LINK: &str = "Copy link";
/// Button.
pub const DOWNLOAD_OTLP: &str = "Download OTLP, nothing masked";
/// Button.
pub const COPY_JSON: &str = "Copy JSON";
/// How it ended.
pub const OUTCOME_OK: &str = "ok";
/// How it ended.
pub const OUTCOME_FAILED: &str = "failed";
/// How it ended.
pub const OUTCOME_RECOVERED: &str = "recovered";
/// How it ended.
pub const OUTCOME_UNKNOWN: &str = "no verdict";
/// Heading of the verdict.
pub const VERDICT_TITLE: &str = "What happened";
/// Name of the list of caveats.
pub const CHIPS_LABEL: &str = "What to know before believing it";
/// Spans that a caveat links to.
pub const CHIP_LINKS: usize = 3;
/// Heading of the card.
pub const FACTS_TITLE: &str = "Facts";
/// Facts without a value.
pub const NOT_RECORDED: &str = "Not recorded:";
/// What that means.
pub const NOT_RECORDED_HELP: &str = "Record these attributes on a span or resource, and the story will show them";
/// Heading of the bar.
pub const TIME_TITLE: &str = "Where the time went";
/// Name of the list.
pub const OPERATIONS_LABEL: &str = "Operations with the most self time";
/// Name of the tabs.
pub const TABS_LABEL: &str = "Views of this trace";

/// Title of the document while the story loads.
#[must_use]
pub fn story_document_title(trace_id: &str) -> String {
    format!("{trace_id} · telltale")
}

/// Title of the document.
#[must_use]
pub fn story_title(title: &str) -> String {
    format!("{title} · telltale")
}

/// Link to a span that proves a caveat.
#[must_use]
pub fn evidence(number: usize) -> String {
    format!("span {number}")
}

/// How often an operation ran.
#[must_use]
pub fn times(count: u64) -> String {
    format!("×{count}")
}

// Timeline
/// The id of the search box.
pub const FIND_ID: &str = "find-box";
/// Hint in the search box.
pub const FIND_PLACEHOLDER: &str = "Find in this trace";
/// Nothing found.
pub const NO_MATCH: &str = "no match";
/// Button.
pub const PREVIOUS_MATCH: &str = "Previous match";
/// Button.
pub const NEXT_MATCH: &str = "Next match";
/// Switch.
pub const GROUP_REPEATS: &str = "Bundle repeats";
/// Button.
pub const EXPAND_ALL: &str = "Unfold all";
/// Button.
pub const COLLAPSE_ALL: &str = "Fold all";
/// Logs only.
pub const NO_SPANS: &str = "No span of this trace has arrived; its log records are in the story list.";
/// Name of the grid.
pub const TIMELINE_LABEL: &str = "Spans of this trace";
/// Column.
pub const COLUMN_SPAN: &str = "Span";
/// Column.
pub const COLUMN_TIME: &str = "Time";
/// Column.
pub const COLUMN_BAR: &str = "Timeline";
/// In the place of a bar.
pub const NOT_ARRIVED: &str = "not received";

/// How many rows match.
#[must_use]
pub fn matches(count: usize) -> String {
    if count == 1 { "1 match".to_owned() } else { format!("{count} matches") }
}

/// A parent that never came.
#[must_use]
pub fn missing_parent(span_id: &str) -> String {
    format!("parent {span_id} not received")
}

/// How often a span repeats, and for how long in sum.
#[must_use]
pub fn repeats(count: u32, sum: &str) -> String {
    format!("×{count} Σ {sum}")
}

/// How deep a row is, beyond what indentation shows.
#[must_use]
pub fn level(depth: u32) -> String {
    format!("level {depth}")
}

/// What a folded row hides.
#[must_use]
pub fn folded_below(spans: u32, errors: u32) -> String {
    let spans = if spans == 1 { "+1 span".to_owned() } else { format!("+{spans} spans") };
    match errors {
        0 => spans,
        1 => format!("{spans}, 1 error"),
        more => format!("{spans}, {more} errors"),
    }
}

/// A bar in words.
#[must_use]
pub fn bar_words(offset: &str, duration: &str, share: &str, kind: &str, critical: bool) -> String {
    let path = if critical { ", on the critical path" } else { "" };
    format!("starts at {offset}, lasts {duration}, {share} of the trace, {kind}{path}")
}

// Story list
/// Every entry.
pub const LIST_ALL: &str = "All";
/// Log records.
pub const LIST_LOGS: &str = "Logs";
/// Errors.
pub const LIST_ERRORS: &str = "Errors";
/// Name of the choice.
pub const LIST_CHOICE_LABEL: &str = "What the list shows";
/// Nothing fits.
pub const LIST_EMPTY: &str = "Nothing in this trace fits the choice above.";
/// Name of the list.
pub const LIST_LABEL: &str = "Spans, events and log records by time";
/// Column.
pub const COLUMN_OFFSET: &str = "Offset";
/// Column.
pub const COLUMN_WHAT: &str = "What";
/// Column.
pub const COLUMN_HAPPENED: &str = "Happened";
/// An entry.
pub const ENTRY_SPAN: &str = "span";
/// An entry.
pub const ENTRY_SPAN_FAILED: &str = "span failed";
/// An entry.
pub const ENTRY_EVENT: &str = "event";
/// An entry.
pub const ENTRY_EXCEPTION: &str = "exception";
/// An entry.
pub const ENTRY_LOG: &str = "log";
/// An entry.
pub const ENTRY_LOG_WARN: &str = "warning";
/// An entry.
pub const ENTRY_LOG_ERROR: &str = "error log";

// Errors
/// None.
pub const NO_ERRORS_HERE: &str = "Nothing in this trace recorded an error.";
/// Summary of a stack.
pub const STACK_TRACE: &str = "Stack trace";
/// An exception without a type.
pub const EXCEPTION: &str = "exception";
/// A failed span without an exception.
pub const FAILED_SPAN: &str = "failed span";

// Raw
/// There is no raw view.
pub const RAW_FAILED: &str = "The raw trace cannot be shown";
/// Name of the block.
pub const RAW_LABEL: &str = "The trace as OTLP/JSON";
/// The span is not in the answer.
pub const RAW_SPAN_MISSING: &str = "The server's OTLP does not hold this span.";

/// Only the beginning is shown.
#[must_use]
pub fn raw_cut(shown: &str, all: &str) -> String {
    format!("The first {shown} of {all} characters; the download has them all.")
}

// Drawer
/// Name of the drawer.
pub const DRAWER_LABEL: &str = "Details";
/// Its button.
pub const CLOSE_DRAWER: &str = "Close details (Esc)";
/// Heading.
pub const SPAN_TITLE: &str = "Span";
/// Heading.
pub const LOG_TITLE: &str = "Log record";
/// No such record.
pub const NO_SUCH_LOG: &str = "This trace has no such log record.";
/// Before the span's name.
pub const WRITTEN_IN: &str = "Written in";
/// Name of the section.
pub const WHY_LABEL: &str = "Why it failed";
/// An error without words.
pub const NO_STATUS_MESSAGE: &str = "the span failed and says no more";
/// The clock stepped back.
pub const NEGATIVE_DURATION: &str = "Ends before it starts: the sender's clock stepped back.";
/// Heading.
pub const STATEMENT: &str = "Statement";
/// Heading.
pub const QUERY_PLAN: &str = "Query plan";
/// Heading.
pub const ATTRIBUTES: &str = "Attributes";
/// Heading.
pub const EVENTS: &str = "Events";
/// Heading.
pub const LOGS: &str = "Logs";
/// Heading.
pub const LINKS: &str = "Links";
/// Heading.
pub const MEASUREMENTS: &str = "Measurements";
/// Summary.
pub const RESOURCE: &str = "Resource";
/// Summary.
pub const SCOPE: &str = "Scope";
/// Summary.
pub const RAW_SPAN: &str = "Raw OTLP";
/// Before a schema URL.
pub const SCHEMA: &str = "Schema";
/// None.
pub const NO_ATTRIBUTES: &str = "none";
/// An `AnyValue` without a value.
pub const EMPTY_VALUE: &str = "(no value)";
/// An empty text.
pub const EMPTY_TEXT: &str = "(empty text)";
/// A record without severity.
pub const NO_SEVERITY: &str = "LOG";
/// A scope without a name.
pub const NO_SCOPE_NAME: &str = "(no name)";

/// A heading with its count.
#[must_use]
pub fn counted_part(name: &str, count: usize) -> String {
    format!("{name} {count}")
}

/// Self time.
#[must_use]
pub fn self_time(duration: &str) -> String {
    format!("self {duration}")
}

/// When it starts.
#[must_use]
pub fn starts(offset: &str) -> String {
    format!("starts {offset}")
}

/// The span of the address is not in the trace.
#[must_use]
pub fn no_such_span(span_id: &str) -> String {
    format!("This trace has no span {span_id}, or not yet.")
}

/// What the sender dropped.
#[must_use]
pub fn dropped_attributes(count: u32) -> String {
    format!("▲ the sender dropped {count} more before sending")
}

/// What the sender dropped.
#[must_use]
pub fn dropped_events(count: u32) -> String {
    format!("▲ the sender dropped {count} more events before sending")
}

/// What the sender dropped.
#[must_use]
pub fn dropped_links(count: u32) -> String {
    format!("▲ the sender dropped {count} more links before sending")
}
