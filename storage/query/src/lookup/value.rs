//! From the value of an attribute, such as an order number or a device's serial, to the traces and logs that carry it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use telltale_model::{SpanId, TraceId};
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot, ValueOrigin, Values};

use super::{Found, ids, internal};
use crate::error::QueryError;
use crate::limits::{FIND_HITS_MAX, FIND_ROWS_MAX};

/// A place where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueHit {
    /// The attribute's key; of an array or a map, the key of the whole; `body` for a structured body.
    pub key: String,
    /// Whose attribute it is.
    pub origin: ValueOrigin,
    /// The trace of the span or record; `None` for a record without one.
    pub trace_id: Option<TraceId>,
    /// The span, or the one that the record names.
    pub span_id: Option<SpanId>,
    /// Start of the span, time of the record; nanoseconds since the epoch.
    pub time_ns: i64,
    /// The service.
    pub service_name: Option<String>,
}

/// Returns where a value stands exactly so, newest first: one hit a trace, origin and key, and one a record, origin and
/// key for logs without a trace. Rows are read from the newest segment on, until `limit` hits are sure to be the newest
/// or [`FIND_ROWS_MAX`] rows were looked at; then the answer says that it is not complete.
pub(crate) fn find_value(snapshot: &Snapshot, value: &str, limit: usize) -> Result<Found<ValueHit>, QueryError> {
    let limit = limit.min(FIND_HITS_MAX);
    let mut search = Search { value, limit, hits: HashMap::new(), records: Vec::new(), rows: 0 };
    let mut segments: Vec<&Arc<Segment>> = Vec::new();
    for table in [Table::Spans, Table::Logs] {
        for batch in snapshot.batches(table) {
            search.look(table, &batch)?;
        }
        segments.extend(snapshot.segments(table));
    }
    segments.sort_by_key(|segment| Reverse(segment.max_time()));
    let mut is_complete = true;
    for segment in segments {
        if search.oldest_kept().is_some_and(|oldest| oldest > segment.max_time()) {
            is_complete = false;
            break;
        }
        if !search.segment(segment)? {
            is_complete = false;
            break;
        }
    }
    let mut hits = search.all();
    is_complete &= hits.len() <= limit;
    hits.truncate(limit);
    Ok(Found { hits, is_complete })
}

struct Search<'a> {
    value: &'a str,
    limit: usize,
    /// The newest of each trace, origin and key.
    hits: HashMap<(TraceId, ValueOrigin, String), ValueHit>,
    /// Those of records without a trace.
    records: Vec<ValueHit>,
    rows: u64,
}

impl Search<'_> {
    /// Looks at the rows of a segment that may have the value; false when that would be too many.
    fn segment(&mut self, segment: &Segment) -> Result<bool, QueryError> {
        let all = || std::iter::once(0..segment.rows()).collect();
        let candidates: Vec<_> = segment.rows_of_value(self.value).unwrap_or_else(all);
        let columns = columns(segment.table());
        for range in candidates.into_iter().flat_map(pieces) {
            if self.rows >= FIND_ROWS_MAX {
                return Ok(false);
            }
            self.rows += range.end - range.start;
            for batch in segment.read(Some(columns), Some(&[range]))? {
                self.look(segment.table(), &batch)?;
            }
            self.forget();
        }
        Ok(true)
    }

    fn look(&mut self, table: Table, batch: &RecordBatch) -> Result<(), QueryError> {
        let values = Values::of(table, batch)?;
        let wanted = self.value.as_bytes();
        let all = 0..batch.num_rows();
        let mut found: Vec<(usize, ValueOrigin, String)> = Vec::new();
        values.visit_rows(all.clone(), |row, origin, key, value| {
            if value == wanted {
                found.push((row, origin, key.to_owned()));
            }
        });
        let mut envelopes = Vec::new();
        values.visit_envelopes(all.clone(), |origin, number, key, value| {
            if value == wanted {
                envelopes.push((origin, number, key.to_owned()));
            }
        });
        for (origin, number, key) in envelopes {
            let rows = all.clone().filter(|row| values.has_envelope(*row, origin, number));
            found.extend(rows.map(|row| (row, origin, key.clone())));
        }
        if found.is_empty() {
            return Ok(());
        }
        let rows = Rows::of(table, batch)?;
        for (row, origin, key) in found {
            self.add(rows.hit(row, origin, key));
        }
        Ok(())
    }

    fn add(&mut self, hit: ValueHit) {
        let Some(trace_id) = hit.trace_id else {
            self.records.push(hit);
            return;
        };
        let slot = self.hits.entry((trace_id, hit.origin, hit.key.clone())).or_insert_with(|| hit.clone());
        if (slot.time_ns, slot.span_id) < (hit.time_ns, hit.span_id) {
            *slot = hit;
        }
    }

    /// Returns the time of the oldest hit that will be told, when there are more than enough.
    fn oldest_kept(&self) -> Option<i64> {
        if self.hits.len() + self.records.len() <= self.limit {
            return None;
        }
        let mut times: Vec<i64> = self.hits.values().chain(&self.records).map(|hit| hit.time_ns).collect();
        times.sort_unstable_by_key(|time| Reverse(*time));
        times.get(self.limit.saturating_sub(1)).copied()
    }

    /// Lets go of the oldest hits once there are far too many.
    fn forget(&mut self) {
        let most = self.limit.saturating_mul(4).max(FIND_HITS_MAX);
        if self.hits.len() + self.records.len() <= most {
            return;
        }
        // One more than asked for stays, which says that there were more.
        let oldest = self.oldest_kept().unwrap_or(i64::MIN);
        self.hits.retain(|_, hit| hit.time_ns >= oldest);
        self.records.retain(|hit| hit.time_ns >= oldest);
        if self.records.len() > most {
            self.records.sort_unstable_by_key(|hit| Reverse(hit.time_ns));
            self.records.truncate(most);
        }
    }

    fn all(self) -> Vec<ValueHit> {
        let mut hits: Vec<_> = self.hits.into_values().chain(self.records).collect();
        hits.sort_by(|one, other| {
            let key = |hit: &ValueHit| (Reverse(hit.time_ns), hit.trace_id, hit.span_id, hit.origin);
            key(one).cmp(&key(other)).then_with(|| one.key.cmp(&other.key))
        });
        hits.dedup();
        hits
    }
}

/// Cuts a range into pieces that are read at once.
fn pieces(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    const PIECE: u64 = 8_192;
    (range.start..range.end).step_by(8_192).map(move |start| start..range.end.min(start + PIECE))
}

/// Returns the columns that a search reads.
const fn columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Spans => &[
            col::TRACE_ID,
            col::SPAN_ID,
            col::START_TIME_UNIX_NANO,
            col::EVENTS,
            col::LINKS,
            col::SERVICE_NAME,
            col::RESOURCE,
            col::SCOPE,
            col::ATTRIBUTES,
        ],
        _ => &[
            col::TIME_UNIX_NANO,
            col::BODY_ANY,
            col::TRACE_ID,
            col::SPAN_ID,
            col::SERVICE_NAME,
            col::RESOURCE,
            col::SCOPE,
            col::ATTRIBUTES,
        ],
    }
}

/// What a hit says of its row.
struct Rows<'a> {
    traces: &'a arrow::array::FixedSizeBinaryArray,
    spans: &'a arrow::array::FixedSizeBinaryArray,
    times: &'a arrow::array::TimestampNanosecondArray,
    services: &'a arrow::array::StringArray,
}

impl<'a> Rows<'a> {
    fn of(table: Table, batch: &'a RecordBatch) -> Result<Self, QueryError> {
        let missing = || internal("a batch without its columns".to_owned());
        let times = batch.column_by_name(table.time_column()).ok_or_else(missing)?;
        let services = batch.column_by_name(col::SERVICE_NAME).ok_or_else(missing)?;
        Ok(Self {
            traces: ids(batch, col::TRACE_ID)?,
            spans: ids(batch, col::SPAN_ID)?,
            times: times.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(missing)?,
            services: services.as_string_opt().ok_or_else(missing)?,
        })
    }

    fn hit(&self, row: usize, origin: ValueOrigin, key: String) -> ValueHit {
        let id = |ids: &'a arrow::array::FixedSizeBinaryArray| ids.is_valid(row).then(|| ids.value(row));
        ValueHit {
            key,
            origin,
            trace_id: id(self.traces).and_then(TraceId::from_slice),
            span_id: id(self.spans).and_then(SpanId::from_slice),
            time_ns: self.times.value(row),
            service_name: self.services.is_valid(row).then(|| self.services.value(row).to_owned()),
        }
    }
}
