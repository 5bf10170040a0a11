//! `POST /api/sql`: read-only SQL; JSON, or an Arrow IPC stream.

use std::sync::Arc;

use arrow::ipc::writer::StreamWriter;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use telltale_api::sql::{ScanReport, SqlAnswer, SqlColumn, SqlRequest};
use telltale_query::{QueryReport, column_names, json_rows, type_name};

use super::problem::{Kind, Problem};
use super::{answer, measure, negotiate};
use crate::state::AppState;

/// Media type of an Arrow IPC stream.
const ARROW: &str = "application/vnd.apache.arrow.stream";

/// What was read to answer, as JSON, for answers whose body has no room for it.
const REPORT_HEADER: &str = "telltale-scan-report";

/// Answers with the rows of one statement.
pub(super) async fn sql(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let request = read(&body?)?;
    let result = measure::query(&state, "sql", state.query.sql(&request.sql)).await?;
    let arrow = negotiate::media_type(&headers, &[answer::JSON, ARROW]) == ARROW;
    let mut response = answer::work(move || if arrow { as_arrow(&result) } else { as_json(&result) }).await?;
    response.headers_mut().insert(http::header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

fn read(body: &[u8]) -> Result<SqlRequest, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(Kind::Invalid, "bad_json", format!("the body is not understood: {error}"))
            .hint(r#"send {"sql":"SELECT …"} as JSON"#)
    })
}

fn as_json(result: &telltale_query::SqlAnswer) -> Result<Response, Problem> {
    let fields = column_names(&result.schema).into_iter().zip(result.schema.fields());
    let columns = fields.map(|(name, field)| SqlColumn { name, data_type: type_name(field.data_type()) });
    answer::json(&SqlAnswer {
        columns: columns.collect(),
        rows: json_rows(&result.batches)?,
        report: report(&result.report),
    })
}

fn as_arrow(result: &telltale_query::SqlAnswer) -> Result<Response, Problem> {
    let report = serde_json::to_string(&report(&result.report)).map_err(|error| not_written(&error))?;
    let bytes = arrow_stream(result).map_err(|error| not_written(&error))?;
    let mut response = answer::body(ARROW, bytes);
    if let Ok(report) = HeaderValue::from_str(&report) {
        response.headers_mut().insert(REPORT_HEADER, report);
    }
    Ok(response)
}

fn arrow_stream(result: &telltale_query::SqlAnswer) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), &result.schema)?;
    for batch in &result.batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

fn not_written(error: &dyn std::error::Error) -> Problem {
    Problem::new(Kind::Bug, "internal", format!("the answer cannot be written: {error}"))
}

fn report(report: &QueryReport) -> ScanReport {
    ScanReport {
        segments_total: report.segments_total,
        segments_pruned: report.segments_pruned,
        row_groups_read: report.row_groups_read,
        bytes_read: report.bytes_read,
        memtable_rows: report.memtable_rows,
        elapsed_ms: report.elapsed_ms,
    }
}
