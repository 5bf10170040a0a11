//! Every word that the application says, in one place.
//!
//! Markup stays in the components; what varies comes in as an argument, already formatted.

use crate::route::Tab;

// Frame
/// First stop of the Tab key.
pub const SKIP_TO_CONTENT: &str = "Skip to content";
/// While something is asked for.
pub const LOADING: &str = "Loading…";
/// Button of a failure.
pub const RETRY: &str = "Try again";
/// Button of a dialog.
pub const CLOSE: &str = "Close";
/// A service without `service.name`.
pub const NO_SERVICE_NAME: &str = "(no service name)";
/// The word beside every error sign.
pub const ERROR_WORD: &str = "error";

// Live sign
/// The stream is not open yet.
pub const LIVE_CONNECTING: &str = "connecting…";
/// The stream is broken.
pub const LIVE_BROKEN: &str = "offline, reconnecting…";
/// Nothing arrives.
pub const LIVE_QUIET: &str = "live";
/// What the sign means.
pub const LIVE_TITLE: &str = "Spans that arrive each second, averaged over ten seconds";

/// Something arrives.
#[must_use]
pub fn live_rate(rate: &str) -> String {
    format!("live {rate} spans/s")
}

// Theme
/// As the system says.
pub const THEME_AUTO: &str = "as the system";
/// Light.
pub const THEME_LIGHT: &str = "light";
/// Dark.
pub const THEME_DARK: &str = "dark";

/// Name of the theme button.
#[must_use]
pub fn theme_title(current: &str) -> String {
    format!("Theme: {current} (t)")
}

// Keys
/// Title of the overview.
pub const KEYS_TITLE: &str = "Keyboard shortcuts";
/// The switch for WCAG 2.1.4.
pub const SINGLE_KEYS: &str = "Single letters are shortcuts";
/// Keys, separated by blanks, and what they do.
pub const KEYS: &[(&str, &str)] = &[
    ("Ctrl+V", "look up what is on the clipboard, anywhere"),
    ("/ Ctrl+K", "go to the paste box"),
    ("j k ↓ ↑", "next, previous row"),
    ("→ ←", "unfold or enter, fold or leave"),
    ("Enter", "open the row's details"),
    ("Esc", "close the details, then clear the search"),
    ("e E", "next, previous error"),
    ("f", "find in this trace"),
    ("n N", "next, previous match"),
    ("] [", "unfold all, fold all"),
    ("b", "bundle repeats or show each"),
    ("1 2 3 4", "timeline, list, errors, raw"),
    ("y", "copy the story as Markdown"),
    ("u", "local time or UTC"),
    ("t", "theme"),
    ("g h", "go home"),
    ("?", "this overview"),
];

// Clipboard
/// When the browser has no clipboard for us.
pub const NO_CLIPBOARD: &str = "The browser does not allow copying here; select the text instead";
/// What is copied.
pub const WHAT_TRACE_ID: &str = "trace ID";
/// What is copied.
pub const WHAT_SPAN_ID: &str = "span ID";
/// What is copied.
pub const WHAT_LINK: &str = "link to this story";
/// What is copied.
pub const WHAT_SPAN_LINK: &str = "link to this span";
/// What is copied.
pub const WHAT_STORY: &str = "story as Markdown";
/// What is copied.
pub const WHAT_VALUE: &str = "value";
/// What is copied.
pub const WHAT_JSON: &str = "JSON";
/// What is copied.
pub const WHAT_LINE: &str = "line";
/// What is copied.
pub const WHAT_SNIPPET: &str = "snippet";

/// Name of a copy button.
#[must_use]
pub fn copy_what(what: &str) -> String {
    format!("Copy {what}")
}

/// Said after copying.
#[must_use]
pub fn copied(what: &str) -> String {
    format!("Copied {what}")
}

// Paste box
/// Name of the box.
pub const PASTE_LABEL: &str = "Trace ID, or anything that contains one";
/// Name of the form.
pub const PASTE_REGION: &str = "Look up a trace";
/// Hint in the header's box.
pub const PASTE_PLACEHOLDER: &str = "Paste a trace ID, a log line, a traceparent…";
/// Hint in the start page's box.
pub const PASTE_PLACEHOLDER_LARGE: &str = "Paste a trace ID, a log line, a traceparent, a link…";
/// Its button.
pub const SHOW_STORY: &str = "Show story";
/// Nothing in the text looks like an id.
pub const NOTHING_RECOGNISED: &str = "no trace ID in this text so far";

/// Other readings of the text.
#[must_use]
pub fn more_readings(more: usize) -> String {
    if more == 1 { "and 1 other reading".to_owned() } else { format!("and {more} other readings") }
}

// Home
/// Title of the document.
pub const HOME_DOCUMENT_TITLE: &str = "telltale";
/// Heading.
pub const HOME_TITLE: &str = "Show me the story of one request";
/// Below the box.
pub const HOME_HINT: &str = "Any form works: hex in any case, UUID, base64, decimal, traceparent, B3, X-Ray, or a whole log line. Ctrl+V works anywhere on this page.";
/// The list cannot be loaded.
pub const HOME_FAILED: &str = "The newest traces cannot be shown";
/// The list is not current.
pub const HOME_STALE: &str = "The lists below may be out of date";
/// Heading of a list.
pub const ERRORS_TITLE: &str = "Newest errors";
/// Heading of a list.
pub const TRACES_TITLE: &str = "Newest traces";
/// An empty list.
pub const NO_ERRORS: &str = "No trace with an error so far.";
/// An empty list.
pub const NO_TRACES: &str = "No trace so far; logs or metrics have arrived.";
/// The root has not arrived.
pub const ROOT_MISSING: &str = "root not received";
/// Link to the snippets.
pub const CONNECT_ANOTHER: &str = "Connect another application";
/// Before the time of the last arrival.
pub const LAST_ARRIVAL: &str = "last arrival";

/// Bytes on disk.
#[must_use]
pub fn on_disk(bytes: &str) -> String {
    format!("{bytes} on disk")
}

/// New traces that wait while a list stands still.
#[must_use]
pub fn waiting(new: usize) -> String {
    format!("{new} new, held while you point at the list")
}

/// A service and how many others.
#[must_use]
pub fn and_others(service: &str, services: usize) -> String {
    format!("{service} → {services} services")
}

// Issues
/// Heading.
pub const ISSUES_TITLE: &str = "What senders got wrong";
/// Not stored.
pub const ISSUE_REJECTED: &str = "rejected";
/// Stored, changed.
pub const ISSUE_REPAIRED: &str = "repaired";
/// Stored as sent.
pub const ISSUE_ODD: &str = "odd";
/// Before the hint.
pub const ISSUE_FIX: &str = "Fix:";
/// Issues shown; the API has them all.
pub const ISSUES_SHOWN: usize = 20;

// First run
/// Heading.
pub const FIRST_TITLE: &str = "Send your first trace";
/// First step.
pub const FIRST_POINT: &str = "Point your application here";
/// gRPC.
pub const FIRST_GRPC: &str = "gRPC is at";
/// Both ports take both.
pub const FIRST_EITHER: &str = "Either port takes either protocol.";
/// Second step.
pub const FIRST_WAIT: &str = "Run it";
/// Waiting.
pub const WAITING_FIRST: &str = "Waiting for the first span…";
/// Button.
pub const OPEN_STORY: &str = "Open its story";
/// The story will open.
pub const OPENS_BY_ITSELF: &str = "opens by itself in 2 s";
/// Stops that.
pub const STAY_HERE: &str = "Stay here";
/// Name of the tabs.
pub const SNIPPETS_LABEL: &str = "Language";

/// The first trace has arrived.
#[must_use]
pub fn first_trace(service: &str, spans: &str) -> String {
    format!("First trace! service {service}, {spans}")
}

/// Something arrived, but no trace.
#[must_use]
pub fn only_others(logs: &str, points: &str) -> String {
    format!("{logs} and {points} arrived; no trace yet")
}

/// What stands for the address in the snippets.
pub const SNIPPET_PLACE: &str = "{endpoint}";
/// Any SDK, by the variables that all of them read.
pub const SNIPPET_ANY: &str = "OTEL_SERVICE_NAME=my-app \\
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \\
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
your-app";
/// Python.
pub const SNIPPET_PYTHON: &str = "pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install
OTEL_SERVICE_NAME=my-app \\
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \\
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
opentelemetry-instrument python app.py";
/// Node.
pub const SNIPPET_NODE: &str = "npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node
OTEL_SERVICE_NAME=my-app \\
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \\
NODE_OPTIONS=\"--require @opentelemetry/auto-instrumentations-node/register\" \\
node app.js";
/// Elixir.
pub const SNIPPET_ELIXIR: &str = "# mix.exs: {:opentelemetry_exporter, \"~> 1.8\"}, {:opentelemetry, \"~> 1.5\"}
OTEL_SERVICE_NAME=my-app \\
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \\
OTEL_EXPORTER_OTLP_PROTOCOL=http_protobuf \\
mix phx.server";
/// curl: one span with new ids, and the address of its story.
pub const SNIPPET_CURL: &str = "trace=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'); span=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n'); now=$(date +%s)
curl -sS {endpoint}/v1/traces -H 'Content-Type: application/json' -d '{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"curl\"}}]},\"scopeSpans\":[{\"spans\":[{\"traceId\":\"'$trace'\",\"spanId\":\"'$span'\",\"name\":\"hello\",\"kind\":1,\"startTimeUnixNano\":\"'$now'000000000\",\"endTimeUnixNano\":\"'$now'250000000\"}]}]}]}'
echo \"trace $trace\"";

// Pasted text
/// Title of the document.
pub const PASTE_DOCUMENT_TITLE: &str = "Look-up · telltale";
/// While the server is asked.
pub const LOOKING: &str = "Looking…";
/// There is no answer.
pub const PASTE_FAILED: &str = "The look-up failed";
/// Several traces.
pub const SEVERAL_FOUND: &str = "Which one?";
/// Heading of the text itself.
pub const YOU_PASTED: &str = "You pasted";
/// Nothing found.
pub const NOT_FOUND_TITLE: &str = "This trace is not here (yet)";
/// Nothing recognised.
pub const NOT_UNDERSTOOD_TITLE: &str = "No trace ID in this text";
/// What to paste.
pub const NOT_UNDERSTOOD: &str = "A trace ID is 32 hex digits, such as 0af7651916cd43dd8448eb211c80319c; 16 digits, a UUID, base64, a traceparent header or a log line with any of them will do as well.";
/// The page waits.
pub const NOT_FOUND_WAITING: &str = "Still watching: it opens by itself when its first span arrives.";
/// Heading of the readings.
pub const READ_AS_TITLE: &str = "Read as";
/// The form of an id in an address.
pub const TRACE_ID_WORDS: &str = "trace ID";
/// Heading of the reasons.
pub const WHY_MISSING_TITLE: &str = "What it may be";
/// Reasons.
pub const WHY_MISSING: &[&str] = &[
    "Its spans are still with the sender: SDKs send in batches, usually every 5 seconds, and some only at exit.",
    "It was not sampled: a traceparent that ends in -00 says so, and most samplers drop some requests.",
    "It went to another place: check OTEL_EXPORTER_OTLP_ENDPOINT of the service that logged the ID.",
    "It was sent but refused: the start page lists what senders got wrong.",
];
/// Link home.
pub const BACK_HOME: &str = "Start page";
/// Link to the snippets.
pub const HOW_TO_SEND: &str = "How to send traces here";
/// No page.
pub const UNKNOWN_PAGE: &str = "No page has this address";
/// What to do.
pub const UNKNOWN_PAGE_HELP: &str =
    "Stories are at /t/ followed by a trace ID. Paste an ID above and it will be found.";

/// Heading of a reading with hits.
#[must_use]
pub fn read_as(form: &str) -> String {
    format!("Read as {form}:")
}

/// How much was searched.
#[must_use]
pub fn searched(spans: &str, segments: &str, time: &str) -> String {
    format!("Searched {spans} in memory and {segments}, without any time range, in {time}.")
}

// Failures
/// The page went away.
pub const FAILURE_ABORTED: &str = "The request was given up.";
/// The server cannot be reached.
pub const FAILURE_OFFLINE: &str = "The server cannot be reached.";
/// What to do.
pub const FAILURE_OFFLINE_HINT: &str = "Is telltale still running, and does this machine reach it?";
/// The cookie is missing or wrong.
pub const FAILURE_LOGIN: &str = "The server wants a login.";
/// What to do.
pub const FAILURE_LOGIN_HINT: &str = "Open the login link that telltale printed when it started.";
/// The answer is not what it should be.
pub const FAILURE_UNREADABLE: &str = "The server's answer is not understood.";

/// The server's own words.
#[must_use]
pub fn server_said(status: u16, message: &str) -> String {
    format!("The server answered {status}: {message}.")
}

/// The server had no words.
#[must_use]
pub fn server_answered(status: u16) -> String {
    format!("The server answered {status}.")
}

/// Why an answer is not understood.
#[must_use]
pub fn unreadable_hint(why: &str) -> String {
    format!("Reload the page if telltale was updated. Details: {why}")
}

// Story
/// There is no story.
pub const STORY_FAILED: &str = "The story cannot be shown";
/// Things arrive.
pub const RECEIVING: &str = "receiving…";
/// Button.
pub const COPY_STORY: &str = "Copy story";
/// Button.
pub const COPY_LINK: &str = "Copy link";
/// Button.
pub const DOWNLOAD_OTLP: &str = "Download OTLP";
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

/// Name of a tab.
#[must_use]
pub const fn tab_name(tab: Tab) -> &'static str {
    match tab {
        Tab::Timeline => "Timeline",
        Tab::List => "Story list",
        Tab::Errors => "Errors",
        Tab::Raw => "Raw",
    }
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
pub fn repeats(count: usize, sum: &str) -> String {
    format!("×{count} Σ {sum}")
}

/// How deep a row is, beyond what indentation shows.
#[must_use]
pub fn level(depth: usize) -> String {
    format!("level {depth}")
}

/// What a folded row hides.
#[must_use]
pub fn folded_below(spans: usize, errors: usize) -> String {
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
