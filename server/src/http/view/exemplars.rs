//! Exemplars of metrics that name the trace.

use arrow::array::RecordBatch;
use telltale_api::Nanos;
use telltale_api::trace::ExemplarRow;
use telltale_model::{AttributeValue, TraceId};
use telltale_storage::encode::{self, EncodeError, PointColumns};

use super::attributes::{hex, shown};

/// Appends the exemplars of a batch of points that name the trace.
pub(super) fn read(batch: &RecordBatch, id: &TraceId, out: &mut Vec<ExemplarRow>) -> Result<(), EncodeError> {
    let points = PointColumns::new(batch)?;
    for row in 0..points.len() {
        let ours = points.exemplars(row).filter(|exemplar| exemplar.trace_id == id.as_bytes());
        out.extend(ours.map(|exemplar| ExemplarRow {
            metric: points.name(row).to_owned(),
            unit: points.unit(row).to_owned(),
            service_name: points.tail().service_name(row).map(str::to_owned),
            value: shown(value(exemplar)).0,
            time_unix_nano: Nanos(exemplar.time_unix_nano),
            span_id: (!exemplar.span_id.is_empty()).then(|| hex(exemplar.span_id)),
        }));
    }
    Ok(())
}

fn value(exemplar: encode::ExemplarRow<'_>) -> AttributeValue {
    match (exemplar.value_int, exemplar.value) {
        (Some(int), _) => AttributeValue::Int(int),
        (None, Some(double)) => AttributeValue::Double(double),
        (None, None) => AttributeValue::Empty,
    }
}
