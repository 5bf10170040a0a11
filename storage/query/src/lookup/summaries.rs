//! One line about a trace, merged from what each segment and the memory hold of it.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{TimestampNanosecondType, UInt64Type};
use telltale_model::{SpanId, TraceId};
use telltale_storage::schema::{Table, col};
use telltale_storage::{Snapshot, trace_rows_of};

use super::{arrow_error, ids, internal, mask, parts};
use crate::error::QueryError;

mod stand_in;

/// One line about a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSummaryRow {
    /// The trace.
    pub trace_id: TraceId,
    /// Start of the earliest span, nanoseconds since the epoch.
    pub start_time_ns: i64,
    /// End of the latest span, nanoseconds since the epoch.
    pub end_time_ns: i64,
    /// The root span, when it has arrived.
    pub root_span_id: Option<SpanId>,
    /// Service of the root span, or of the earliest span when the root has not arrived.
    pub root_service_name: Option<String>,
    /// Name of the root span, or of the earliest span when the root has not arrived.
    pub root_name: Option<String>,
    /// Spans stored, duplicates included.
    pub span_count: u64,
    /// Of these, with an error.
    pub error_count: u64,
    /// Service of the first span with an error.
    pub first_error_service_name: Option<String>,
    /// Status message of the first span with an error.
    pub first_error_message: Option<String>,
    /// Every service of the trace, sorted.
    pub service_names: Vec<String>,
}

/// A summary under construction: what its root and first error are taken from is remembered to be compared.
struct Merged {
    row: TraceSummaryRow,
    /// Start of the part that the root's columns come from.
    root_start: i64,
    /// Start of the part that the first error comes from.
    error_start: i64,
    service_names: BTreeSet<String>,
}

/// Returns the summaries of the traces that have spans, in the order asked for.
pub(crate) fn summaries(snapshot: &Snapshot, wanted: &[TraceId]) -> Result<Vec<TraceSummaryRow>, QueryError> {
    let mut merged: HashMap<TraceId, Merged> = HashMap::with_capacity(wanted.len());
    let mut sorted: Vec<[u8; 16]> = wanted.iter().map(|id| *id.as_bytes()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let memory = in_memory(snapshot, &sorted)?;
    add(&trace_rows_of(&memory)?, &mut merged)?;
    for segment in snapshot.segments(Table::Spans) {
        let here: Vec<[u8; 16]> = sorted
            .iter()
            .copied()
            .filter(|id| TraceId::new(*id).is_some_and(|id| segment.may_contain_trace(&id)))
            .collect();
        if here.is_empty() {
            continue;
        }
        for batch in parts::read(segment, &[], Some(&here))? {
            add(&batch, &mut merged)?;
        }
    }
    let mut rows: Vec<_> = wanted.iter().filter_map(|id| merged.remove(id)).map(Merged::finish).collect();
    stand_in::name_rootless(snapshot, &memory, &mut rows)?;
    Ok(rows)
}

/// Returns the spans in memory of the traces, whose ids must be sorted.
fn in_memory(snapshot: &Snapshot, sorted: &[[u8; 16]]) -> Result<Vec<RecordBatch>, QueryError> {
    let mut batches = Vec::new();
    for batch in snapshot.batches(Table::Spans) {
        let mask = mask(ids(&batch, col::TRACE_ID)?, sorted);
        if mask.true_count() > 0 {
            batches.push(arrow::compute::filter_record_batch(&batch, &mask).map_err(arrow_error)?);
        }
    }
    Ok(batches)
}

/// Merges partial rows into the summaries.
fn add(parts: &RecordBatch, merged: &mut HashMap<TraceId, Merged>) -> Result<(), QueryError> {
    let columns = Columns::of(parts)?;
    for row in 0..parts.num_rows() {
        let Some(part) = columns.row(row) else { continue };
        match merged.entry(part.trace_id) {
            std::collections::hash_map::Entry::Occupied(mut entry) => entry.get_mut().merge(part),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Merged::new(part));
            }
        }
    }
    Ok(())
}

impl Merged {
    fn new(mut row: TraceSummaryRow) -> Self {
        let service_names = std::mem::take(&mut row.service_names).into_iter().collect();
        Self { root_start: row.start_time_ns, error_start: row.start_time_ns, service_names, row }
    }

    fn merge(&mut self, part: TraceSummaryRow) {
        let row = &mut self.row;
        let is_better_root = match (row.root_span_id, part.root_span_id) {
            (None, Some(_)) => true,
            (Some(_), None) => false,
            _ => part.start_time_ns < self.root_start,
        };
        if is_better_root {
            self.root_start = part.start_time_ns;
            row.root_span_id = part.root_span_id;
            row.root_service_name = part.root_service_name;
            row.root_name = part.root_name;
        }
        if part.error_count > 0 && (row.error_count == 0 || part.start_time_ns < self.error_start) {
            self.error_start = part.start_time_ns;
            row.first_error_service_name = part.first_error_service_name;
            row.first_error_message = part.first_error_message;
        }
        row.start_time_ns = row.start_time_ns.min(part.start_time_ns);
        row.end_time_ns = row.end_time_ns.max(part.end_time_ns);
        row.span_count += part.span_count;
        row.error_count += part.error_count;
        self.service_names.extend(part.service_names);
    }

    fn finish(self) -> TraceSummaryRow {
        TraceSummaryRow { service_names: self.service_names.into_iter().collect(), ..self.row }
    }
}

/// The columns of `schema::trace_rows()`, or of spans.
struct Columns<'a> {
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, QueryError> {
        if batch.schema().fields() == telltale_storage::schema::trace_rows().fields() {
            Ok(Self { batch })
        } else {
            Err(internal("trace rows have another schema".to_owned()))
        }
    }

    fn row(&self, row: usize) -> Option<TraceSummaryRow> {
        Some(TraceSummaryRow {
            trace_id: TraceId::from_slice(self.bytes(col::TRACE_ID, row)?)?,
            start_time_ns: self.time(col::START_TIME_UNIX_NANO, row)?,
            end_time_ns: self.time(col::END_TIME_UNIX_NANO, row)?,
            root_span_id: self.bytes(col::ROOT_SPAN_ID, row).and_then(SpanId::from_slice),
            root_service_name: self.text(col::ROOT_SERVICE_NAME, row),
            root_name: self.text(col::ROOT_NAME, row),
            span_count: self.count(col::SPAN_COUNT, row)?,
            error_count: self.count(col::ERROR_COUNT, row)?,
            first_error_service_name: self.text(col::FIRST_ERROR_SERVICE_NAME, row),
            first_error_message: self.text(col::FIRST_ERROR_MESSAGE, row),
            service_names: self.texts(col::SERVICE_NAMES, row),
        })
    }

    fn bytes(&self, column: &str, row: usize) -> Option<&'a [u8]> {
        let array = self.batch.column_by_name(column)?.as_fixed_size_binary_opt()?;
        array.is_valid(row).then(|| array.value(row))
    }

    fn time(&self, column: &str, row: usize) -> Option<i64> {
        Some(self.batch.column_by_name(column)?.as_primitive_opt::<TimestampNanosecondType>()?.value(row))
    }

    fn count(&self, column: &str, row: usize) -> Option<u64> {
        Some(self.batch.column_by_name(column)?.as_primitive_opt::<UInt64Type>()?.value(row))
    }

    fn text(&self, column: &str, row: usize) -> Option<String> {
        let array = self.batch.column_by_name(column)?.as_string_opt::<i32>()?;
        array.is_valid(row).then(|| array.value(row).to_owned())
    }

    fn texts(&self, column: &str, row: usize) -> Vec<String> {
        let list = self.batch.column_by_name(column).and_then(|array| array.as_list_opt::<i32>());
        let values = list.map(|list| list.value(row));
        let texts = values.as_ref().and_then(|values| values.as_string_opt::<i32>());
        texts.into_iter().flat_map(|texts| texts.iter().flatten().map(str::to_owned)).collect()
    }
}
