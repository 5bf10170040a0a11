//! One row a trace: where its spans lie and what a list of traces shows.
//!
//! The rows are partial: a trace whose spans lie in several segments has one in each, and whoever shows it merges them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryArray, FixedSizeBinaryBuilder, ListBuilder, PrimitiveArray, RecordBatch,
    StringArray, StringBuilder, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Field, Int32Type, Int64Type, TimestampNanosecondType};
use telltale_model::StatusCode;

use crate::error::Error;
use crate::schema::{self, col};

/// Computes trace rows, sorted by trace id, from span batches that come one after another.
#[derive(Debug, Default)]
pub(crate) struct TraceRowsBuilder {
    traces: HashMap<[u8; 16], Trace>,
    rows: u64,
    /// The trace of the newest span, outside of the map: the next span mostly belongs to it, too.
    last: Option<([u8; 16], Trace)>,
}

#[derive(Debug)]
struct Trace {
    start: i64,
    end: i64,
    root: Option<Root>,
    spans: u64,
    errors: u64,
    first_error: Option<FirstError>,
    services: BTreeSet<String>,
    row_start: u64,
}

#[derive(Debug)]
struct Root {
    start: i64,
    span_id: [u8; 8],
    service: Option<String>,
    name: String,
}

#[derive(Debug)]
struct FirstError {
    start: i64,
    service: Option<String>,
    message: Option<String>,
}

/// The columns that are looked at.
struct Columns<'a> {
    trace_id: &'a FixedSizeBinaryArray,
    span_id: &'a FixedSizeBinaryArray,
    parent: &'a FixedSizeBinaryArray,
    name: &'a StringArray,
    start: &'a TimestampNanosecondArray,
    duration: &'a PrimitiveArray<Int64Type>,
    status: &'a PrimitiveArray<Int32Type>,
    message: &'a StringArray,
    service: &'a StringArray,
}

impl TraceRowsBuilder {
    /// Adds spans.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let columns = Columns::of(batch)?;
        for row in 0..batch.num_rows() {
            let Ok(id) = <[u8; 16]>::try_from(columns.trace_id.value(row)) else { continue };
            let start = columns.start.value(row);
            if self.last.as_ref().is_none_or(|(last, _)| *last != id) {
                self.put_back();
                let trace = self.traces.remove(&id).unwrap_or_else(|| Trace::at(start, self.rows));
                self.last = Some((id, trace));
            }
            if let Some((_, trace)) = &mut self.last {
                trace.add(&columns, row, start);
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn put_back(&mut self) {
        self.traces.extend(self.last.take());
    }

    /// Returns how many traces wait for [`TraceRowsBuilder::take_complete`] or [`TraceRowsBuilder::finish`].
    pub(crate) fn len(&self) -> usize {
        self.traces.len() + usize::from(self.last.is_some())
    }

    /// Returns the rows of the traces that are complete, when spans come sorted by trace: all but the last one.
    pub(crate) fn take_complete(&mut self) -> Result<RecordBatch, Error> {
        rows_of(std::mem::take(&mut self.traces))
    }

    /// Returns the rows.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, Error> {
        self.put_back();
        rows_of(self.traces)
    }
}

fn rows_of(traces: HashMap<[u8; 16], Trace>) -> Result<RecordBatch, Error> {
    let mut traces: Vec<_> = traces.into_iter().collect();
    traces.sort_unstable_by_key(|(id, _)| *id);
    let roots = || traces.iter().map(|(_, trace)| trace.root.as_ref());
    let errors = || traces.iter().map(|(_, trace)| trace.first_error.as_ref());
    let columns: Vec<ArrayRef> = vec![
        ids(traces.iter().map(|(id, _)| Some(id)))?,
        times(traces.iter().map(|(_, trace)| trace.start)),
        times(traces.iter().map(|(_, trace)| trace.end)),
        ids(roots().map(|root| root.map(|root| &root.span_id)))?,
        texts(roots().map(|root| root.and_then(|root| root.service.as_deref()))),
        texts(roots().map(|root| root.map(|root| root.name.as_str()))),
        counts(traces.iter().map(|(_, trace)| trace.spans)),
        counts(traces.iter().map(|(_, trace)| trace.errors)),
        texts(errors().map(|error| error.and_then(|error| error.service.as_deref()))),
        texts(errors().map(|error| error.and_then(|error| error.message.as_deref()))),
        lists(traces.iter().map(|(_, trace)| &trace.services)),
        counts(traces.iter().map(|(_, trace)| trace.row_start)),
        counts(traces.iter().map(|(_, trace)| trace.spans)),
    ];
    Ok(RecordBatch::try_new(schema::trace_rows(), columns)?)
}

impl Trace {
    fn at(start: i64, row_start: u64) -> Self {
        Self {
            start,
            end: start,
            root: None,
            spans: 0,
            errors: 0,
            first_error: None,
            services: BTreeSet::new(),
            row_start,
        }
    }

    fn add(&mut self, columns: &Columns<'_>, row: usize, start: i64) {
        self.spans += 1;
        self.start = self.start.min(start);
        self.end = self.end.max(start).max(start.saturating_add(columns.duration.value(row)));
        let service = text(columns.service, row);
        if let Some(service) = service.filter(|service| !self.services.contains(*service)) {
            self.services.insert(service.to_owned());
        }
        if columns.parent.is_null(row) && self.root.as_ref().is_none_or(|root| start < root.start) {
            let mut span_id = [0; 8];
            span_id.copy_from_slice(columns.span_id.value(row));
            let (service, name) = (service.map(str::to_owned), columns.name.value(row).to_owned());
            self.root = Some(Root { start, span_id, service, name });
        }
        if columns.status.is_valid(row) && StatusCode::from_otlp(columns.status.value(row)) == StatusCode::Error {
            self.errors += 1;
            if self.first_error.as_ref().is_none_or(|error| start < error.start) {
                let message = text(columns.message, row).map(str::to_owned);
                self.first_error = Some(FirstError { start, service: service.map(str::to_owned), message });
            }
        }
    }
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, Error> {
        Ok(Self {
            trace_id: column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?,
            span_id: column(batch, col::SPAN_ID, AsArray::as_fixed_size_binary_opt)?,
            parent: column(batch, col::PARENT_SPAN_ID, AsArray::as_fixed_size_binary_opt)?,
            name: column(batch, col::NAME, AsArray::as_string_opt)?,
            start: column(batch, col::START_TIME_UNIX_NANO, primitive::<TimestampNanosecondType>)?,
            duration: column(batch, col::DURATION_NS, primitive::<Int64Type>)?,
            status: column(batch, col::STATUS_CODE, primitive::<Int32Type>)?,
            message: column(batch, col::STATUS_MESSAGE, AsArray::as_string_opt)?,
            service: column(batch, col::SERVICE_NAME, AsArray::as_string_opt)?,
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<&PrimitiveArray<T>> {
    array.as_primitive_opt()
}

/// Returns a column in its type.
pub(crate) fn column<'a, T>(
    batch: &'a RecordBatch,
    name: &str,
    downcast: impl Fn(&'a ArrayRef) -> Option<&'a T>,
) -> Result<&'a T, Error> {
    batch
        .column_by_name(name)
        .and_then(downcast)
        .ok_or_else(|| Error::Bug(format!("a batch without a proper column {name}")))
}

fn text(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}

fn ids<'a, const N: usize>(values: impl Iterator<Item = Option<&'a [u8; N]>>) -> Result<ArrayRef, Error> {
    let mut builder = FixedSizeBinaryBuilder::new(i32::try_from(N).unwrap_or(0));
    for value in values {
        match value {
            Some(id) => builder.append_value(id)?,
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn times(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from_iter_values(values).with_timezone("UTC"))
}

fn counts(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(values))
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn lists<'a>(values: impl Iterator<Item = &'a BTreeSet<String>>) -> ArrayRef {
    let item = Arc::new(Field::new("item", DataType::Utf8, false));
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(item);
    for services in values {
        services.iter().for_each(|service| builder.values().append_value(service));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// Computes the trace rows of span batches, sorted by trace id, in the schema of [`crate::schema::trace_rows`].
///
/// `row_start` counts over all batches and means something only when the spans are sorted by trace.
///
/// # Errors
/// `Error::Bug` when a batch does not have the spans' schema.
pub fn trace_rows_of(batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    let mut builder = TraceRowsBuilder::default();
    batches.iter().try_for_each(|batch| builder.push(batch))?;
    builder.finish()
}
