//! `GET /api/trace/{id}/pack`: one trace in columns, which the page draws while the rest of it arrives.
//!
//! A million spans with their attributes are gigabytes as rows, and a tenth of that as they are stored. So only the outline is
//! made of all of them; each block of details is read from the stored columns when the reader takes it, and is gone then.

use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use telltale_api::Nanos;
use telltale_api::trace::{LogRow, SpanRow};
use telltale_model::TraceId;
use telltale_query::TraceData;
use telltale_storage::encode::EncodeError;
use telltale_story::pack::{self, LOG_BLOCK_ROWS, SPAN_BLOCK_ROWS};
use telltale_story::story::Analysis;

use super::extract::Path;
use super::pieces::{self, Pieces};
use super::problem::Problem;
use super::view::{self, Stored, spans::Details};
use super::{answer, trace};
use crate::state::AppState;

/// Answers with the pack.
pub(super) async fn packed(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, data) = trace::load(&state, &id).await?;
    let now = state.now();
    let (head, rest) = answer::work(move || Ok(Rest::of(&id, data, now)?)).await?;
    Ok(pieces::answer(pack::MEDIA_TYPE, head, rest))
}

/// What stands on a row.
#[derive(Clone, Copy)]
struct Row {
    /// None for a parent that never arrived.
    stored: Option<Stored>,
    is_below: bool,
}

/// What of a pack is still to be written.
struct Rest {
    data: TraceData,
    rows: Vec<Row>,
    logs: Vec<LogRow>,
    next_row: usize,
    next_log: usize,
}

impl Rest {
    /// Writes what is drawn, and keeps what the blocks need.
    fn of(id: &TraceId, mut data: TraceData, now: Nanos) -> Result<(Vec<u8>, Self), EncodeError> {
        let (mut view, places) = view::outline(id, &data, now)?;
        let (head, rows) = pack::write_structure(&view, &Analysis::new(&view));
        let row = |row: &pack::RowSpan| Row {
            stored: row.at.and_then(|at| places.get(usize::try_from(at).ok()?).copied()),
            is_below: row.is_below,
        };
        let rows = rows.iter().map(row).collect();
        data.logs = Vec::new();
        data.metrics_with_exemplar = Vec::new();
        Ok((head, Self { data, rows, logs: std::mem::take(&mut view.logs), next_row: 0, next_log: 0 }))
    }
}

impl Pieces for Rest {
    /// Writes the next block; the end is the last one, and nothing comes after it.
    fn write(&mut self) -> io::Result<(Vec<u8>, bool)> {
        let first = self.next_row;
        if let Some(rows) = self.rows.get(first..).filter(|rows| !rows.is_empty()) {
            let rows = rows.get(..SPAN_BLOCK_ROWS).unwrap_or(rows);
            let details = Details::new(&self.data.spans).map_err(io::Error::other)?;
            let span = |row: &Row| Some((details.span(row.stored?)?, row.is_below));
            let rows: Vec<Option<(SpanRow, bool)>> = rows.iter().map(span).collect();
            self.next_row += rows.len();
            return Ok((pack::write_span_block(first, &rows), false));
        }
        let first = self.next_log;
        if let Some(logs) = self.logs.get(first..).filter(|logs| !logs.is_empty()) {
            let logs = logs.get(..LOG_BLOCK_ROWS).unwrap_or(logs);
            self.next_log += logs.len();
            return Ok((pack::write_log_block(first, logs), false));
        }
        Ok((pack::write_end(), true))
    }
}
