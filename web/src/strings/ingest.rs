//! Words of the page of senders.

/// Title of the document.
pub const INGEST_DOCUMENT_TITLE: &str = "Ingest · telltale";
/// Heading.
pub const INGEST_TITLE: &str = "Who sends";
/// There is no answer.
pub const INGEST_FAILED: &str = "The senders cannot be shown";
/// The answer is old.
pub const INGEST_STALE: &str = "This list is not current";
/// Nobody sends.
pub const INGEST_NONE: &str = "Nobody has sent anything since the server started.";
/// What to do.
pub const INGEST_NONE_HINT: &str =
    "What arrives at these addresses appears here within seconds, also when it is refused:";
/// Only senders with problems.
pub const INGEST_PROBLEMS: &str = "Only senders with problems";
/// None of them has.
pub const INGEST_NO_PROBLEMS: &str = "No sender has a problem.";
/// Name of the list.
pub const INGEST_LIST: &str = "Senders";
/// A sender without a service name.
pub const INGEST_UNNAMED: &str = "Without service.name";
/// A sender of which nothing was stored.
pub const INGEST_NOTHING_STORED: &str = "Nothing stored yet";
/// A sender without a user agent.
pub const INGEST_NO_AGENT: &str = "no user agent";
/// Term.
pub const INGEST_FROM: &str = "From";
/// Term.
pub const INGEST_PROTOCOL: &str = "Protocol";
/// Term.
pub const INGEST_AGENT: &str = "User agent";
/// Term.
pub const INGEST_SDK: &str = "SDK";
/// Term.
pub const INGEST_STORED: &str = "Stored";
/// Term.
pub const INGEST_REFUSED: &str = "Not stored";
/// Term.
pub const INGEST_SEEN: &str = "Last seen";
/// Term.
pub const INGEST_ERROR: &str = "Last error";
/// No SDK is named.
pub const INGEST_NO_SDK: &str = "not named by telemetry.sdk.*";
/// Nothing was refused.
pub const INGEST_NONE_REFUSED: &str = "nothing refused";
/// No compression.
pub const INGEST_PLAIN: &str = "not compressed";
/// Heading of the issues of forgotten senders.
pub const INGEST_OTHERS: &str = "Issues of senders that are not listed any more";
/// A sign that all is well.
pub const INGEST_WELL: &str = "ok";
/// Something is odd.
pub const INGEST_ODD: &str = "odd";
/// Something is refused.
pub const INGEST_BROKEN: &str = "refused";

/// All senders together.
#[must_use]
pub fn ingest_summary(senders: &str, rate: &str, problems: usize) -> String {
    let problems = match problems {
        0 => "none has a problem".to_owned(),
        1 => "1 has a problem".to_owned(),
        many => format!("{many} have problems"),
    };
    format!("{senders} · {rate} · {problems}")
}

/// The list is full.
#[must_use]
pub fn ingest_forgotten(count: &str, limit: &str) -> String {
    format!("The list holds {limit} senders; {count} that were not seen for longest have left it.")
}

/// All services of a sender.
pub const INGEST_ALL_NAMES: &str = "All its services";

/// More services than a title names.
#[must_use]
pub fn ingest_and_more(names: &str, more: &str) -> String {
    format!("{names} and {more} more")
}

/// How something is compressed.
#[must_use]
pub fn ingest_compressed(how: &str) -> String {
    format!("{how} compressed")
}

/// Names that are not listed.
#[must_use]
pub fn ingest_more_names(count: &str) -> String {
    format!("{count} sightings of further names are not listed")
}

/// How often something was refused.
#[must_use]
pub fn ingest_refused(requests: &str, items: &str) -> String {
    format!("{requests} refused, {items} rejected")
}
