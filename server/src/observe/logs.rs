//! Log records as plain values.

use arrow::array::RecordBatch;
use telltale_signals::observed::{Log, attributes};
use telltale_storage::encode::{EncodeError, LogColumns};

use super::resources::Resources;
use crate::http::view::{attribute_rows, shown_value};

/// Appends the records of a batch.
pub(super) fn read(batch: &RecordBatch, resources: &mut Resources<'_>, out: &mut Vec<Log>) -> Result<(), EncodeError> {
    let logs = LogColumns::new(batch)?;
    for row in 0..logs.len() {
        if resources.of_row(logs.tail(), row).is_none() {
            continue;
        }
        out.push(Log {
            trace_id: logs.trace_id(row).map(|id| id.to_hex()).unwrap_or_default(),
            span_id: logs.span_id(row).map(|id| id.to_hex()).unwrap_or_default(),
            time_unix_nano: logs.time(row).0,
            severity: logs.severity_number(row),
            body: shown_value(logs.body(row).unwrap_or_default()).0,
            service: logs.tail().service_name(row).unwrap_or_default().to_owned(),
            attributes: attributes(&attribute_rows(logs.tail().attributes(row))),
        });
    }
    Ok(())
}
