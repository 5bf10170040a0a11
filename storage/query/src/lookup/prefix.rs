//! From the first digits of an id to the traces and spans whose ids begin with them.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use telltale_model::{SpanId, TraceId};
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use super::{EXEMPLAR_TABLES, Found, ids, rows_with_exemplar};
use crate::error::QueryError;
use crate::limits::{FIND_HITS_MAX, PREFIX_DIGITS_MIN, PREFIX_ROWS_MAX};

/// The first digits of an id: at least [`PREFIX_DIGITS_MIN`], at most 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdPrefix {
    first: [u8; 16],
    last: [u8; 16],
    digits: usize,
}

impl IdPrefix {
    /// Reads hex digits of any case; `None` for other texts, and for fewer or more digits than a prefix has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !(PREFIX_DIGITS_MIN..32).contains(&text.len()) {
            return None;
        }
        let (mut first, mut last) = ([0; 16], [0xff; 16]);
        for (place, digit) in text.bytes().enumerate() {
            let digit = u8::try_from(char::from(digit).to_digit(16)?).ok()?;
            let (shift, mask) = if place % 2 == 0 { (4, 0x0f) } else { (0, 0xf0) };
            *first.get_mut(place / 2)? |= digit << shift;
            let byte = last.get_mut(place / 2)?;
            *byte = (*byte & mask) | (digit << shift);
        }
        Some(Self { first, last, digits: text.len() })
    }

    fn is_of_trace(&self, id: &[u8]) -> bool {
        id.len() == 16 && self.first.as_slice() <= id && id <= self.last.as_slice()
    }

    /// Tells whether a span id can begin so, and whether this one does.
    fn is_of_span(&self, id: &[u8]) -> bool {
        let (first, last) = (self.first.first_chunk::<8>(), self.last.first_chunk::<8>());
        self.digits < 16
            && first.is_some_and(|first| first.as_slice() <= id)
            && last.is_some_and(|last| id <= last.as_slice())
    }
}

/// An id that begins with the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixHit {
    /// The trace that has the prefix, or the one of the span that has it.
    pub trace_id: TraceId,
    /// The span, when it is its id that has the prefix.
    pub span_id: Option<SpanId>,
}

/// Returns traces, and spans, whose id begins with the prefix, sorted. Span ids are looked at in memory and in at most
/// [`PREFIX_ROWS_MAX`] rows of the newest segments; beyond, the answer says that it is not complete.
pub(crate) fn find_by_prefix(
    snapshot: &Snapshot,
    prefix: &IdPrefix,
    limit: usize,
) -> Result<Found<PrefixHit>, QueryError> {
    let limit = limit.min(FIND_HITS_MAX);
    let mut search = Search { prefix, hits: BTreeSet::new(), keep: limit.saturating_add(1), is_complete: true };
    search.memory(snapshot)?;
    search.traces(snapshot)?;
    search.spans(snapshot)?;
    let is_complete = search.is_complete && search.hits.len() <= limit;
    Ok(Found { hits: search.hits.into_iter().take(limit).collect(), is_complete })
}

struct Search<'a> {
    prefix: &'a IdPrefix,
    hits: BTreeSet<PrefixHit>,
    /// Hits beyond which the largest ones go.
    keep: usize,
    is_complete: bool,
}

impl Search<'_> {
    fn add(&mut self, trace_id: Option<TraceId>, span_id: Option<SpanId>) {
        let Some(trace_id) = trace_id else { return };
        self.hits.insert(PrefixHit { trace_id, span_id });
        if self.hits.len() > self.keep {
            self.hits.pop_last();
        }
    }

    fn memory(&mut self, snapshot: &Snapshot) -> Result<(), QueryError> {
        for table in [Table::Spans, Table::Logs] {
            for batch in snapshot.batches(table) {
                self.trace_ids(&batch)?;
                if table == Table::Spans {
                    self.span_ids(&batch)?;
                }
            }
        }
        for table in EXEMPLAR_TABLES {
            for batch in snapshot.batches(table) {
                self.exemplars(&batch)?;
            }
        }
        Ok(())
    }

    /// Trace ids in segments are sorted, but those of exemplars.
    fn traces(&mut self, snapshot: &Snapshot) -> Result<(), QueryError> {
        let (first, last) = (self.prefix.first, self.prefix.last);
        for segment in snapshot.segments(Table::Spans) {
            for id in segment.trace_ids_between(&first, &last)? {
                self.add(TraceId::new(id), None);
            }
        }
        for segment in snapshot.segments(Table::Logs) {
            match segment.log_index() {
                Some(index) => {
                    for id in index.trace_ids_between(&first, &last, self.keep)? {
                        self.add(Some(id), None);
                    }
                }
                None => {
                    segment.read(Some(&[col::TRACE_ID]), None)?.iter().try_for_each(|batch| self.trace_ids(batch))?
                }
            }
        }
        for table in EXEMPLAR_TABLES {
            for segment in snapshot.segments(table).filter(|segment| !segment.is_without_traces()) {
                segment.read(Some(&[col::EXEMPLARS]), None)?.iter().try_for_each(|batch| self.exemplars(batch))?;
            }
        }
        Ok(())
    }

    /// Span ids are in no order: each is looked at, the newest segments first.
    fn spans(&mut self, snapshot: &Snapshot) -> Result<(), QueryError> {
        if self.prefix.digits >= 16 {
            return Ok(());
        }
        let mut segments: Vec<&Arc<Segment>> = snapshot.segments(Table::Spans).collect();
        segments.sort_by_key(|segment| Reverse(segment.max_time()));
        let mut rows = 0;
        for segment in segments {
            rows += segment.rows();
            if rows > PREFIX_ROWS_MAX {
                self.is_complete = false;
                break;
            }
            let batches = segment.read(Some(&[col::TRACE_ID, col::SPAN_ID]), None)?;
            batches.iter().try_for_each(|batch| self.span_ids(batch))?;
        }
        Ok(())
    }

    fn trace_ids(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        for id in ids(batch, col::TRACE_ID)?.iter().flatten() {
            if self.prefix.is_of_trace(id) {
                self.add(TraceId::from_slice(id), None);
            }
        }
        Ok(())
    }

    fn span_ids(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let (traces, spans) = (ids(batch, col::TRACE_ID)?, ids(batch, col::SPAN_ID)?);
        for row in 0..batch.num_rows() {
            if spans.is_valid(row) && traces.is_valid(row) && self.prefix.is_of_span(spans.value(row)) {
                self.add(TraceId::from_slice(traces.value(row)), SpanId::from_slice(spans.value(row)));
            }
        }
        Ok(())
    }

    fn exemplars(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        rows_with_exemplar(batch, |trace, _| {
            if self.prefix.is_of_trace(trace) {
                self.add(TraceId::from_slice(trace), None);
            }
            false
        })
        .map(drop)
    }
}
