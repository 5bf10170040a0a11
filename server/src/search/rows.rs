//! Rows of a page as they travel.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampNanosecondType};
use telltale_api::search::SearchRow;
use telltale_api::trace::AttributeRow;
use telltale_api::{Nanos, SignedNanos};
use telltale_query::QueryError;
use telltale_storage::encode;

use crate::http::view;

/// Converts the batches of [`super::page::read`].
pub(crate) fn rows(batches: &[RecordBatch]) -> Result<Vec<SearchRow>, QueryError> {
    let mut out = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            out.push(one(batch, row)?);
        }
    }
    Ok(out)
}

fn one(batch: &RecordBatch, row: usize) -> Result<SearchRow, QueryError> {
    let text = |name| text(batch, name, row);
    let int = |name| {
        let column = batch.column_by_name(name)?.as_primitive_opt::<Int32Type>()?;
        column.is_valid(row).then(|| column.value(row))
    };
    let is_span = batch.column_by_name("duration_ns").is_some();
    let time = batch
        .column_by_name(if is_span { "start_time_unix_nano" } else { "time_unix_nano" })
        .and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>())
        .map_or(0, |column| column.value(row));
    let duration = batch
        .column_by_name("duration_ns")
        .and_then(|column| column.as_primitive_opt::<Int64Type>())
        .map(|column| SignedNanos(column.value(row)));
    Ok(SearchRow {
        time_unix_nano: Nanos(u64::try_from(time).unwrap_or(0)),
        trace_id: text("trace_id"),
        span_id: text("span_id"),
        service_name: text("service_name"),
        name: text(if is_span { "name" } else { "event_name" }).unwrap_or_default(),
        text: text(if is_span { "status_message" } else { "body" }).unwrap_or_default(),
        duration_ns: duration,
        span_kind: int("kind"),
        status_code: if is_span { Some(int("status_code").unwrap_or(0)) } else { None },
        severity_number: int("severity_number"),
        severity_text: text("severity_text").unwrap_or_default(),
        attributes: attributes(batch, "attributes", row)?,
        resource_attributes: attributes(batch, "resource_attributes", row)?,
        scope_name: text("scope_name").unwrap_or_default(),
    })
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn attributes(batch: &RecordBatch, name: &str, row: usize) -> Result<Vec<AttributeRow>, QueryError> {
    let Some(list) = batch.column_by_name(name).and_then(|column| column.as_list_opt::<i32>()) else {
        return Ok(Vec::new());
    };
    let read = encode::attributes(list, row).map_err(|error| QueryError::Internal { message: error.to_string() })?;
    Ok(view::attribute_rows(read))
}
