//! From a fragment of an id to the traces that it belongs to.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use telltale_model::{SpanId, TraceId};
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use super::trace::{log_rows, point_rows};
use super::{EXEMPLAR_TABLES, Lookup, ids, rows_where, rows_with, rows_with_exemplar};
use crate::error::QueryError;

/// Returns the traces with spans, logs or exemplars that the fragment leads to, sorted.
pub(crate) fn find(snapshot: &Snapshot, lookup: Lookup) -> Result<Vec<TraceId>, QueryError> {
    let mut found = BTreeSet::new();
    for table in [Table::Spans, Table::Logs] {
        for batch in snapshot.batches(table) {
            in_rows(&batch, lookup, &mut found)?;
        }
        for segment in snapshot.segments(table).filter(|segment| may_contain(segment, lookup)) {
            in_segment(segment, lookup, &mut found)?;
        }
    }
    for table in EXEMPLAR_TABLES {
        for batch in snapshot.batches(table) {
            in_exemplars(&batch, lookup, &mut found)?;
        }
        for segment in snapshot.segments(table).filter(|segment| may_contain(segment, lookup)) {
            for batch in segment.read(Some(&[col::EXEMPLARS]), None)? {
                in_exemplars(&batch, lookup, &mut found)?;
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn may_contain(segment: &Segment, lookup: Lookup) -> bool {
    match lookup {
        Lookup::Trace(id) => segment.may_contain_trace(&id),
        Lookup::Low64(low) => segment.may_contain_low_64(&low),
        // Which rows is asked below.
        Lookup::Span(_) => true,
    }
}

fn in_segment(segment: &Segment, lookup: Lookup, found: &mut BTreeSet<TraceId>) -> Result<(), QueryError> {
    let columns: &[&str] = match lookup {
        Lookup::Trace(id) => {
            let is_here = match segment.table() {
                Table::Spans => segment.trace_rows(&id)?.is_some(),
                Table::Logs => !log_rows(segment, &id)?.is_empty(),
                _ => !point_rows(segment, &id)?.is_empty(),
            };
            found.extend(is_here.then_some(id));
            return Ok(());
        }
        // One row a trace says as much as all its spans.
        Lookup::Low64(low) if segment.table() == Table::Spans => {
            let ids = segment.trace_ids_between(&[0; 16], &[0xff; 16])?;
            found.extend(ids.into_iter().filter(|id| id.ends_with(&low)).filter_map(TraceId::new));
            return Ok(());
        }
        Lookup::Low64(_) => &[col::TRACE_ID],
        Lookup::Span(_) => &[col::TRACE_ID, col::SPAN_ID],
    };
    let rows = match lookup {
        Lookup::Span(id) => segment.rows_of_span(&id),
        _ => None,
    };
    for batch in segment.read(Some(columns), rows.as_deref())? {
        in_rows(&batch, lookup, found)?;
    }
    Ok(())
}

fn in_rows(batch: &RecordBatch, lookup: Lookup, found: &mut BTreeSet<TraceId>) -> Result<(), QueryError> {
    let traces = ids(batch, col::TRACE_ID)?;
    let rows = match lookup {
        Lookup::Trace(id) => rows_with(traces, id.as_bytes()),
        Lookup::Low64(low) => rows_where(traces, |bytes| bytes.ends_with(&low)),
        Lookup::Span(id) => rows_with(ids(batch, col::SPAN_ID)?, id.as_bytes()),
    };
    // A log record may name a span and no trace; an id of zeros is none.
    found.extend(rows.into_iter().filter_map(|row| TraceId::from_slice(traces.value(row as usize))));
    Ok(())
}

fn in_exemplars(batch: &RecordBatch, lookup: Lookup, found: &mut BTreeSet<TraceId>) -> Result<(), QueryError> {
    let is_span = |span: &[u8], id: SpanId| span == id.as_bytes();
    rows_with_exemplar(batch, |trace, span| {
        let is_meant = match lookup {
            Lookup::Trace(id) => trace == id.as_bytes(),
            Lookup::Low64(low) => trace.len() == 16 && trace.ends_with(&low),
            Lookup::Span(id) => is_span(span, id),
        };
        if is_meant {
            found.extend(TraceId::from_slice(trace));
        }
        false
    })?;
    Ok(())
}
