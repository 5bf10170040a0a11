//! Log records.

use arrow::array::RecordBatch;
use telltale_api::Nanos;
use telltale_api::trace::LogRow;
use telltale_storage::encode::{EncodeError, LogColumns};

use super::attributes::{rows, shown};
use super::envelopes::Envelopes;

/// Appends the records of a batch and returns when the last of them arrived.
pub(super) fn read(
    batch: &RecordBatch,
    envelopes: &mut Envelopes,
    out: &mut Vec<LogRow>,
) -> Result<Nanos, EncodeError> {
    let logs = LogColumns::new(batch)?;
    let mut last = Nanos(0);
    for row in 0..logs.len() {
        let (resource, scope) = envelopes.of_row(logs.tail(), row);
        out.push(LogRow { resource, scope, ..record(&logs, row) });
        last = last.max(Nanos(logs.tail().ingest_time_unix_nano(row).0));
    }
    Ok(last)
}

fn record(logs: &LogColumns<'_>, row: usize) -> LogRow {
    let (body, body_type) = shown(logs.body(row).unwrap_or_default());
    // A time beyond the year 2262 is only whole in what was sent.
    let sent = logs.time_unix_nano(row);
    let time = if sent.0 == 0 { logs.time(row) } else { sent };
    LogRow {
        time_unix_nano: Nanos(time.0),
        severity_number: logs.severity_number(row),
        severity_text: logs.severity_text(row).to_owned(),
        body,
        body_type,
        event_name: logs.event_name(row).to_owned(),
        span_id: logs.span_id(row).map(|id| id.to_hex()),
        service_name: logs.tail().service_name(row).map(str::to_owned),
        attributes: rows(logs.tail().attributes(row)),
        resource: 0,
        scope: 0,
        dropped_attributes_count: logs.dropped_attributes_count(row),
    }
}
