//! One page of rows, newest or slowest first, by a cursor that new data does not move.
//!
//! 1. The key column alone says which keys the page spans: one narrow column is read, and reading stops early where
//!    segments are ordered by it.
//! 2. Where very many are as slow as the last one, the newest of these are told from the others, which takes one more narrow
//!    column.
//! 3. The rows themselves are read: keys are compared while they are decoded, all other columns for these rows only.
//!
//! Rows with equal keys are ordered by arrival and then by what they hold; the cursor says how many of them were seen.
//! What arrives later comes after them.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType};
use telltale_api::sql::ScanReport;
use telltale_model::UnixNanos;
use telltale_query::{Query, QueryError};

use super::{Asked, Order, add};
use crate::limits::SEARCH_TIES_MAX;

/// Where a page begins: after the rows of greater keys and after this many rows of this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) key: i64,
    pub(crate) seen: usize,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.key, self.seen)
    }
}

impl Cursor {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (key, seen) = text.split_once('.')?;
        let seen = seen.parse().ok().filter(|seen| *seen <= SEARCH_TIES_MAX)?;
        Some(Self { key: key.parse().ok()?, seen })
    }
}

/// Rows and where they go on.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) next: Option<Cursor>,
}

/// Columns of rows that are shown.
const SPAN_COLUMNS: &str = "start_time_unix_nano, duration_ns, trace_id, span_id, service_name, name, kind, status_code, \
                            status_message, scope_name, attributes, resource_attributes";
const LOG_COLUMNS: &str = "time_unix_nano, trace_id, span_id, service_name, event_name, severity_number, severity_text, body, \
                           scope_name, attributes, resource_attributes";
/// What orders rows of equal keys.
const SPAN_TIES: &str =
    "start_time_unix_nano DESC, ingest_time_unix_nano, trace_id, span_id, service_name, name, duration_ns";
const LOG_TIES: &str = "ingest_time_unix_nano, trace_id, span_id, service_name, severity_number, body";

/// Reads a page.
pub(crate) async fn read(
    store: &Query,
    asked: &Asked,
    limit: usize,
    cursor: Option<Cursor>,
    report: &mut ScanReport,
) -> Result<Page, QueryError> {
    let (table, key) = (asked.target().table(), key_column(asked));
    let seen = cursor.map_or(0, |cursor| cursor.seen);
    let mut condition = asked.condition();
    if let Some(cursor) = cursor {
        condition = format!("{key} <= {} AND {condition}", literal(asked, cursor.key));
    }
    let wanted = limit + seen;
    let sql = format!("SELECT {key} AS at FROM {table} WHERE {condition} ORDER BY at DESC LIMIT {}", wanted + 1);
    let answer = store.sql(&sql).await?;
    add(report, &answer.report);
    let keys = numbers(&answer.batches, 0);
    let Some(last) = keys.get(wanted.min(keys.len()).saturating_sub(1)).copied() else {
        return Ok(Page { batches: Vec::new(), next: None });
    };
    let until = Until { asked, condition: &condition, last };
    let condition = match asked.order {
        // As slow as the last one are more than the page has room for.
        Order::Slowest if keys.get(wanted) == Some(&last) => {
            let ties = keys.iter().take(wanted).filter(|key| **key == last).count();
            until.newest(ties, store, report).await?
        }
        _ => until.condition(),
    };
    let (columns, ties) = match asked.target() {
        telltale_search::Target::Spans => (SPAN_COLUMNS, SPAN_TIES),
        telltale_search::Target::Logs => (LOG_COLUMNS, LOG_TIES),
    };
    let sql = format!(
        "SELECT {columns}, {key} AS at FROM {table} WHERE {condition} ORDER BY {key} DESC, {ties} LIMIT {limit} OFFSET {seen}"
    );
    let answer = store.sql_of_few(&sql).await?;
    add(report, &answer.report);
    let has_more = keys.len() > wanted;
    let at = answer.schema.fields().len().saturating_sub(1);
    let shown = numbers(&answer.batches, at);
    let next = shown.last().filter(|_| has_more).map(|last| {
        let same = shown.iter().filter(|key| *key == last).count();
        let before = cursor.filter(|cursor| cursor.key == *last).map_or(0, |cursor| cursor.seen);
        Cursor { key: *last, seen: before + same }
    });
    Ok(Page { batches: answer.batches, next })
}

/// The rows down to the last key of a page.
struct Until<'a> {
    asked: &'a Asked,
    condition: &'a str,
    last: i64,
}

impl Until<'_> {
    fn condition(&self) -> String {
        format!("{} >= {} AND {}", key_column(self.asked), literal(self.asked, self.last), self.condition)
    }

    /// Returns the condition without those of the slowest rows that are too old for the page: of rows as slow as the last,
    /// the newest come first ([`SPAN_TIES`]), and the page needs so many.
    async fn newest(&self, ties: usize, store: &Query, report: &mut ScanReport) -> Result<String, QueryError> {
        let sql = format!(
            "SELECT start_time_unix_nano AS at FROM spans WHERE duration_ns = {} AND {} ORDER BY at DESC LIMIT {}",
            self.last, self.condition, ties
        );
        let answer = store.sql(&sql).await?;
        add(report, &answer.report);
        let Some(oldest) = numbers(&answer.batches, 0).last().copied() else { return Ok(self.condition()) };
        let oldest = UnixNanos(u64::try_from(oldest).unwrap_or(0));
        Ok(format!("(duration_ns > {} OR start_time_unix_nano >= '{oldest}') AND {}", self.last, self.condition()))
    }
}

fn key_column(asked: &Asked) -> &'static str {
    match asked.order {
        Order::Newest => asked.target().time_column(),
        Order::Slowest => "duration_ns",
    }
}

fn literal(asked: &Asked, key: i64) -> String {
    match asked.order {
        Order::Newest => format!("'{}'", UnixNanos(u64::try_from(key).unwrap_or(0))),
        Order::Slowest => key.to_string(),
    }
}

/// Reads a column of times or whole numbers.
pub(crate) fn numbers(batches: &[RecordBatch], column: usize) -> Vec<i64> {
    let mut out = Vec::new();
    for batch in batches {
        let Some(column) = batch.columns().get(column) else { continue };
        match column.data_type() {
            DataType::Timestamp(..) => {
                out.extend(column.as_primitive::<TimestampNanosecondType>().values().iter().copied());
            }
            DataType::Int64 => out.extend(column.as_primitive::<Int64Type>().values().iter().copied()),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_other_texts_are_none() {
        let cursor = Cursor { key: -5, seen: 3 };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        for text in ["", "5", "5.x", "x.5", "5.-1", "5.99999999"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
