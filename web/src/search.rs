//! What the search page knows without a browser: the question in its address, the rows it holds, how they lie in a list.
//!
//! Pure; the page itself is `pages/search`.

use telltale_api::search::{FoundTrace, SearchRow};
use telltale_api::trace::{AttributeRow, ValueType};
use telltale_model::Severity;
use telltale_search::complete::{quoted, quoted_key};
use telltale_search::{Target, parse};

use crate::route::{Place, encode};

mod buffer;
mod lines;
mod overlap;

pub use buffer::{Buffer, ROWS_MAX};
pub use lines::Lines;
pub use overlap::Overlap;

/// Path of the page.
pub const PAGE: &str = "/search";

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Log records.
    #[default]
    Logs,
    /// Spans.
    Spans,
    /// Traces with a span that matches.
    Traces,
}

impl Kind {
    /// Every kind, in the order of the buttons.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Spans, Self::Traces];

    /// Returns the word that addresses and the API use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Spans => "spans",
            Self::Traces => "traces",
        }
    }

    /// Returns which records the language speaks of.
    #[must_use]
    pub const fn target(self) -> Target {
        match self {
            Self::Logs => Target::Logs,
            Self::Spans | Self::Traces => Target::Spans,
        }
    }
}

/// A search, as the address has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// The query.
    pub query: String,
    /// What is searched for.
    pub kind: Kind,
    /// From when: `15m`, or nanoseconds since 1970.
    pub from: Option<String>,
    /// Until when, exclusive.
    pub to: Option<String>,
    /// Slowest first instead of newest first.
    pub slowest: bool,
}

impl Asked {
    /// Reads the parameters of a place.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        let text = |name| place.param(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let kind = place.param("kind").and_then(|word| Kind::ALL.into_iter().find(|kind| kind.word() == word));
        let kind = kind.unwrap_or_default();
        Self {
            query: place.param("q").unwrap_or_default().trim().to_owned(),
            kind,
            from: text("from"),
            to: text("to"),
            slowest: kind != Kind::Logs && place.param("order") == Some("slowest"),
        }
    }

    /// Whether durations order the rows; log records have none.
    fn is_slowest(&self) -> bool {
        self.slowest && self.kind != Kind::Logs
    }

    /// Returns the parameters that every path of the API takes.
    #[must_use]
    pub fn parameters(&self) -> String {
        let mut out = format!("q={}&kind={}", encode(&self.query), self.kind.word());
        for (name, value) in [("from", &self.from), ("to", &self.to)] {
            if let Some(value) = value {
                out.push_str(&format!("&{name}={}", encode(value)));
            }
        }
        if self.is_slowest() {
            out.push_str("&order=slowest");
        }
        out
    }

    /// Returns the page's address for this search alone.
    #[must_use]
    pub fn place(&self) -> Place {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Place::at(PAGE)
            .with("q", text(&self.query).as_deref())
            .with("kind", (self.kind != Kind::default()).then_some(self.kind.word()))
            .with("from", self.from.as_deref())
            .with("to", self.to.as_deref())
            .with("order", self.is_slowest().then_some("slowest"))
    }
}

/// Puts a condition beside a query; one that stands there already goes away.
#[must_use]
pub fn toggled(query: &str, condition: &str) -> String {
    let query = query.trim();
    without(query, condition).unwrap_or_else(|| beside(query, condition))
}

/// Puts a condition beside a query, whatever joins the query's parts.
#[must_use]
pub fn beside(query: &str, condition: &str) -> String {
    let has_or =
        query.split(|c: char| c.is_whitespace() || "()".contains(c)).any(|word| word.eq_ignore_ascii_case("or"));
    match (query.is_empty(), has_or) {
        (true, _) => condition.to_owned(),
        (_, true) => format!("({query}) {condition}"),
        _ => format!("{query} {condition}"),
    }
}

/// Returns the query without a condition; `None` when the condition does not stand in it on its own.
#[must_use]
pub fn without(query: &str, condition: &str) -> Option<String> {
    let at = query.match_indices(condition).map(|(at, _)| at).find(|at| {
        let before = query.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with(' '));
        let after = query.get(at + condition.len()..);
        before && after.is_some_and(|after| after.is_empty() || after.starts_with(' '))
    })?;
    let (before, after) = (query.get(..at)?.trim_end(), query.get(at + condition.len()..)?.trim_start());
    let joined = [before, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let inner = joined.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    // What `beside` put into brackets comes out of them again.
    Some(inner.filter(|inner| !inner.contains(['(', ')'])).map_or(joined.clone(), str::to_owned))
}

/// Negates a condition.
#[must_use]
pub fn negated(condition: &str) -> String {
    condition.strip_prefix('-').map_or_else(|| format!("-{condition}"), str::to_owned)
}

/// A field of a row, in the list of all fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The key as the search language writes it.
    pub key: String,
    /// The value as text.
    pub value: String,
    /// The condition that keeps rows with this value.
    pub condition: String,
    /// Whether the value is an attribute's.
    pub is_attribute: bool,
}

/// Returns the level of a log record, `unset` when it has none.
#[must_use]
pub fn level(row: &SearchRow) -> String {
    let band = row.severity_number.and_then(Severity::from_number);
    band.map_or_else(|| "unset".to_owned(), |band| band.name().to_lowercase())
}

/// Returns the status of a span.
#[must_use]
pub const fn status(row: &SearchRow) -> &'static str {
    match row.status_code {
        Some(1) => "ok",
        Some(2) => "error",
        _ => "unset",
    }
}

/// Names of span kinds, by number.
const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];

/// Returns every field of a row that has a value.
#[must_use]
pub fn fields(row: &SearchRow, kind: Kind) -> Vec<Field> {
    let target = kind.target();
    let mut out = Vec::new();
    let mut column = |key: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let condition = format!("{key}={}", quoted(&value));
            out.push(Field { key: key.to_owned(), value, condition, is_attribute: false });
        }
    };
    column("service", row.service_name.clone());
    match target {
        Target::Spans => {
            column("name", Some(row.name.clone()));
            column("status", Some(status(row).to_owned()));
            column("status_message", Some(row.text.clone()));
            let kind = row.span_kind.and_then(|kind| KINDS.get(usize::try_from(kind).ok()?));
            column("kind", kind.map(|kind| (*kind).to_owned()));
        }
        Target::Logs => {
            let level = level(row);
            column("level", (level != "unset").then_some(level));
            column("event", Some(row.name.clone()));
            column("severity_text", Some(row.severity_text.clone()));
        }
    }
    column("trace", row.trace_id.clone());
    column("span", row.span_id.clone());
    column("scope", Some(row.scope_name.clone()));
    let attributes = row.attributes.iter().map(|one| attribute(one, "", target));
    out.extend(attributes);
    out.extend(row.resource_attributes.iter().filter(|one| one.key != "service.name").map(|one| {
        let is_shared = row.attributes.iter().any(|own| own.key == one.key);
        attribute(one, if is_shared { "resource." } else { "" }, target)
    }));
    out
}

fn attribute(row: &AttributeRow, place: &str, target: Target) -> Field {
    // A key that the language takes for something else is written with its place.
    let plain = quoted_key(&format!("{place}{}", row.key));
    let is_column = place.is_empty() && is_taken(&row.key, target);
    let key = if is_column { quoted_key(&format!("@{}", row.key)) } else { plain };
    let condition = match row.value_type {
        ValueType::Empty => format!("-has:{key}"),
        _ => format!("{key}={}", quoted(&row.value)),
    };
    Field { key, value: row.value.clone(), condition, is_attribute: true }
}

/// Whether the language takes a key for a column or a word of its own.
fn is_taken(key: &str, target: Target) -> bool {
    let query = parse(&format!("{}=x", quoted_key(key)));
    let sql = query.to_sql(target);
    !query.problems.is_empty() || !sql.contains("attr('") || sql.contains("scope_attr('")
}

/// Returns what a column of the user's choice shows of a row.
#[must_use]
pub fn value_of(row: &SearchRow, kind: Kind, key: &str) -> Option<String> {
    fields(row, kind).into_iter().find(|field| field.key == key).map(|field| field.value)
}

/// Returns what an answer lists as rows, whatever its kind.
pub fn listed(rows: Vec<SearchRow>, traces: &[FoundTrace]) -> impl Iterator<Item = SearchRow> {
    rows.into_iter().chain(traces.iter().map(trace_row))
}

/// Shows a trace as a row: its totals are fields.
#[must_use]
pub fn trace_row(found: &FoundTrace) -> SearchRow {
    let trace = &found.trace;
    let fact = |key: &str, value: String| AttributeRow { key: key.to_owned(), value, value_type: ValueType::String };
    SearchRow {
        time_unix_nano: trace.start_unix_nano,
        trace_id: Some(trace.trace_id.clone()),
        service_name: trace.service_name.clone(),
        name: trace.name.clone(),
        text: trace.first_error.clone().unwrap_or_default(),
        duration_ns: Some(trace.duration_ns),
        status_code: Some(if trace.error_count > 0 { 2 } else { 0 }),
        attributes: vec![
            fact("spans", trace.span_count.to_string()),
            fact("matching spans", found.matched.to_string()),
            fact("errors", trace.error_count.to_string()),
            fact("services", trace.services.join(", ")),
        ],
        ..SearchRow::default()
    }
}

/// Returns the byte of a text at a position that a browser counts in UTF-16 units.
#[must_use]
pub fn byte_of_units(text: &str, units: u32) -> usize {
    let mut left = usize::try_from(units).unwrap_or(usize::MAX);
    for (at, character) in text.char_indices() {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(character.len_utf16());
    }
    text.len()
}

/// Returns the position of a byte as a browser counts it.
#[must_use]
pub fn units_of_byte(text: &str, byte: usize) -> u32 {
    let units: usize = text.char_indices().take_while(|(at, _)| *at < byte).map(|(_, one)| one.len_utf16()).sum();
    u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
