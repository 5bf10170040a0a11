//! What of the rows that arrived just now matches: for live streams.
//!
//! Spans and log records are judged each for itself, in memory. A trace is judged as a whole, as the search does it: by
//! all of its spans that are stored. A trace of which any span arrived is therefore looked up, so that one that matched
//! before is told again as it is now, and nothing needs to be remembered of readers.

use std::collections::{HashSet, VecDeque};

use arrow::array::RecordBatch;
use telltale_api::live::LiveRows;
use telltale_api::search::SearchRow;
use telltale_api::sql::ScanReport;
use telltale_model::TraceId;
use telltale_query::Query;
use telltale_search::{Filter, Target};
use telltale_storage::encode::{EncodeError, SpanColumns};

use super::{Asked, record, traces};
use crate::limits::{LIVE_TRACES, TAIL_ROWS};

/// Returns the rows that pass, the newest of them when they are too many.
pub(crate) fn rows(batches: &[RecordBatch], filter: &Filter, target: Target) -> LiveRows {
    let mut rows = VecDeque::new();
    let mut left_out = 0;
    let mut keep = |row: SearchRow| {
        rows.push_back(row);
        if rows.len() > TAIL_ROWS {
            rows.pop_front();
            left_out += 1;
        }
    };
    for batch in batches {
        let read = match target {
            Target::Logs => record::logs(batch, |_, log| {
                if filter.accepts(log) {
                    keep(log.shown());
                }
            }),
            Target::Spans => record::spans(batch, |_, span| {
                if filter.accepts(span) {
                    keep(span.shown());
                }
            }),
        };
        if let Err(error) = read {
            tracing::error!(%error, "rows in memory do not have the store's schema");
        }
    }
    LiveRows { rows: rows.into(), left_out, ..LiveRows::default() }
}

/// Returns the traces of these spans in which a span matches, as they are stored now, the one that arrived last at the end.
/// Too many, and those that cannot be looked up because the store has too much to do, are left out.
pub(crate) async fn whole_traces(store: &Query, asked: &Asked, spans: &[RecordBatch]) -> LiveRows {
    let (ids, left_out) = match last_traces(spans) {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "spans in memory do not have the store's schema");
            return LiveRows::default();
        }
    };
    match traces::whole(store, asked, &ids, &mut ScanReport::default()).await {
        Ok(traces) => LiveRows { traces, left_out, ..LiveRows::default() },
        Err(error) => {
            tracing::warn!(%error, traces = ids.len(), "live traces are left out: they cannot be looked up");
            LiveRows { left_out: left_out + ids.len() as u64, ..LiveRows::default() }
        }
    }
}

/// Returns the traces of spans in the order of their last span, at most [`LIVE_TRACES`], and how many earlier ones there are.
fn last_traces(spans: &[RecordBatch]) -> Result<(Vec<TraceId>, u64), EncodeError> {
    let mut seen = HashSet::new();
    let mut last = Vec::new();
    for batch in spans.iter().rev() {
        let columns = SpanColumns::new(batch)?;
        let ids = (0..columns.len()).rev().filter_map(|row| columns.trace_id(row));
        last.extend(ids.filter(|id| seen.insert(*id)));
    }
    last.truncate(LIVE_TRACES);
    let left_out = (seen.len() - last.len()) as u64;
    last.reverse();
    Ok((last, left_out))
}
