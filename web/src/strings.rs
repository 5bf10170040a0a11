//! Every word that the application says, in one place.
//!
//! Markup stays in the components; what varies comes in as an argument, already formatted.

mod around;
mod charts;
mod dashboards;
mod diff;
mod ingest;
mod runs;
mod search;
mod services;
mod share;
mod story;
mod views;

pub use around::*;
pub use charts::*;
pub use dashboards::*;
pub use diff::*;
pub use ingest::*;
pub use runs::*;
pub use search::*;
pub use services::*;
pub use share::*;
pub use story::*;
pub use views::*;

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

// Header
/// Name of the list of pages in the header.
pub const HEADER_LABEL: &str = "Pages";
/// The pages in the header, in order: path and words. `telltale_api::area` says which area has each.
pub const HEADER_PAGES: &[(&str, &str)] = &[
    ("/search", "Search"),
    ("/services", "Services"),
    ("/charts", "Metrics"),
    ("/dashboards", "Dashboards"),
    ("/slos", "SLOs"),
    ("/runs", "Runs"),
    ("/signals", "Signals"),
    ("/ingest", "Ingest"),
];

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
    (". ,", "next, previous sibling"),
    ("→ ←", "unfold or enter, fold or leave"),
    ("Enter", "open the row's details"),
    ("Esc", "close the details, then clear search, zoom, filter"),
    ("e E", "next, previous error"),
    ("o", "errors only"),
    ("f F", "find in this trace or go to the search box, hide what does not match"),
    ("n N", "next, previous match"),
    ("] [", "unfold all, fold all"),
    ("b", "bundle repeats or show each"),
    ("z r", "zoom to the span, take it as the root; again: undo"),
    ("w s a d", "zoom in, out, move left, right"),
    ("1 … 7", "timeline, list, flame, table, graph, errors, raw"),
    ("o p", "in a search: open the row's story, pause live rows"),
    ("v", "waterfall and list side by side"),
    ("y", "share: what is masked, Markdown, files, links"),
    ("u", "local time or UTC"),
    ("t", "theme"),
    ("g h", "start page"),
    ("?", "this list"),
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
