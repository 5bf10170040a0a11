//! The words of sharing a story and of opening files.

// Share
/// Button.
pub const SHARE_BUTTON: &str = "Share…";
/// Title of the dialog.
pub const SHARE_TITLE: &str = "Share this story";
/// The preview cannot be had.
pub const SHARE_FAILED: &str = "What would be masked could not be worked out, so nothing can go out";
/// Heading.
pub const SHARE_MASKED: &str = "What is masked first";
/// Name of the list.
pub const SHARE_RULES: &str = "Rules that found something";
/// Summary.
pub const SHARE_WHERE: &str = "Where";
/// Between a value and its mask, for screen readers.
pub const SHARE_BECOMES: &str = " becomes ";
/// Link to a span with the value.
pub const SHARE_SPAN: &str = "span";
/// Heading.
pub const SHARE_TAKE: &str = "Take it along, masked";
/// Button.
pub const SHARE_MARKDOWN: &str = "Copy Markdown for the ticket";
/// Name of the text that was copied.
pub const SHARE_MARKDOWN_LABEL: &str = "The Markdown that was copied";
/// Button.
pub const SHARE_HTML: &str = "HTML file";
/// Button.
pub const SHARE_JSON: &str = "OTLP JSON";
/// Button.
pub const SHARE_SPANS: &str = "OTLP protobuf: spans";
/// Button.
pub const SHARE_LOGS: &str = "OTLP protobuf: logs";
/// Heading.
pub const SHARE_LINK: &str = "For those who use this server";
/// What the link is.
pub const SHARE_LINK_HELP: &str = "Leads to this page; nothing is masked for those who may see it.";
/// Heading.
pub const SHARE_READONLY: &str = "A link for others, masked";
/// What it is.
pub const SHARE_READONLY_HELP: &str =
    "Whoever has it sees this one trace, read only and masked as above, until it ends; no login is needed.";
/// Name of the choice.
pub const SHARE_EXPIRY: &str = "The link ends after";
/// Seconds, words, and which is chosen at first.
pub const SHARE_EXPIRIES: &[(u64, &str, bool)] = &[
    (3_600, "ends after 1 hour", false),
    (86_400, "ends after 1 day", false),
    (604_800, "ends after 7 days", true),
    (2_592_000, "ends after 30 days", false),
    (7_776_000, "ends after 90 days", false),
];
/// Button.
pub const SHARE_MAKE: &str = "Make a link";
/// Button.
pub const SHARE_END: &str = "End it";
/// Said after ending.
pub const SHARE_ENDED: &str = "The link leads to nothing any more";
/// Before a time.
pub const SHARE_UNTIL: &str = "until";
/// What is copied.
pub const WHAT_SHARE_LINK: &str = "read-only link";

/// How many values are masked.
#[must_use]
pub fn share_total(count: u64) -> String {
    match count {
        0 => "No rule finds anything to mask. Trace IDs, span IDs and times go out as they are.".to_owned(),
        1 => "1 value is masked. Trace IDs, span IDs and times stay.".to_owned(),
        more => format!("{more} values are masked. Trace IDs, span IDs and times stay."),
    }
}

/// Rules that do not hold.
#[must_use]
pub fn share_left_off(rules: usize) -> String {
    if rules == 1 {
        "1 rule is left off: its values go out as they are.".to_owned()
    } else {
        format!("{rules} rules are left off: their values go out as they are.")
    }
}

/// A rule that is left off.
#[must_use]
pub fn share_open(count: u64) -> String {
    if count == 1 { "1 value stays readable".to_owned() } else { format!("{count} values stay readable") }
}

/// Rules that found nothing.
#[must_use]
pub fn share_idle(names: &str) -> String {
    format!("Looked for and not found: {names}.")
}

/// Places beyond those shown.
#[must_use]
pub fn share_more(count: u64) -> String {
    format!("and {count} more places")
}

/// Links that hold.
#[must_use]
pub fn share_held(links: &str) -> String {
    format!("{links} to this trace")
}

/// Name of a button.
#[must_use]
pub fn share_end(id: &str) -> String {
    format!("End it: link {id}")
}

/// Rules that a link leaves off.
#[must_use]
pub fn share_without(names: &str) -> String {
    format!("without {names}")
}

// Open
/// Button.
pub const OPEN_FILE: &str = "Open a file…";
/// Beside the button.
pub const OPEN_OR_DROP: &str = "or drop one anywhere on this page";
/// What is understood.
pub const OPEN_HELP: &str = "OTLP (JSON, JSON lines, protobuf), Jaeger, Zipkin v2 and Tempo JSON, Aspire's zip, the Collector's file exporter; also in gzip, zstd or zip";
/// While a file is over the page.
pub const DROP_HERE: &str = "Drop to open";
/// Title of the dialog.
pub const OPEN_TITLE: &str = "Files";
/// A file is being read.
pub const OPENING: &str = "being read…";
/// The browser does not give the file.
pub const OPEN_UNREADABLE: &str = "This cannot be read: it is a folder, or the file is gone.";
/// Heading of links.
pub const OPEN_TRACES: &str = "Traces in it";
/// Heading of links.
pub const OPEN_FIRST_TRACES: &str = "The first traces in it";
/// Heading.
pub const OPEN_SKIPPED: &str = "Left alone: no telemetry";

/// Heading of what was not understood.
#[must_use]
pub fn open_faults(rejected: u64) -> String {
    match rejected {
        0 => "Not understood".to_owned(),
        1 => "Not understood, 1 record not stored".to_owned(),
        more => format!("Not understood, {more} records not stored"),
    }
}

/// Notes beyond those shown.
#[must_use]
pub fn open_more(count: &str) -> String {
    format!("and {count} more")
}

/// On the page of an id that is not here.
pub const MAYBE_A_FILE: &str = "Somebody sent it as a file?";
