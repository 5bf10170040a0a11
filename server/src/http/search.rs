//! `GET /api/search` and its neighbours: what is asked becomes [`Asked`], what is found becomes JSON or a file.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures::stream;
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use serde::Deserialize;
use telltale_api::search::{Facet, SearchAnswer};
use telltale_api::sql::ScanReport;
use telltale_model::UnixNanos;
use telltale_query::{ExportForm, Exporter, QueryError, RowStream};
use telltale_search::value::{self, Unit};

use super::extract::Parameters;
use super::problem::{Kind as Fault, Problem};
use super::{answer, measure};
use crate::limits::{EXPORT_TIME, SAMPLE_ROWS, SEARCH_ROWS, SEARCH_ROWS_MAX};
use crate::search::summary::Wanted;
use crate::search::{
    Asked, Kind, Order, StoreEngine, complete, different, page, patterns, rows, sample, summary, traces,
};
use crate::state::AppState;

/// What every path takes.
#[derive(Debug, Deserialize, Default)]
pub(super) struct Question {
    #[serde(default)]
    q: String,
    kind: Option<String>,
    from: Option<String>,
    to: Option<String>,
    order: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
    /// Of `rows,count,histogram,facets`, with commas between.
    include: Option<String>,
    /// Keys whose values are counted exactly, with commas between.
    facet: Option<String>,
    /// Of completion: the cursor, in bytes.
    at: Option<usize>,
    /// Of differences: the query of the selected rows.
    selection: Option<String>,
    /// Of differences: the time of the selected rows, as `from` and `to`.
    selection_from: Option<String>,
    selection_to: Option<String>,
    /// Of patterns: lines from here on make a new pattern.
    since: Option<String>,
    /// Of exports: `csv`, `jsonl` or `parquet`.
    format: Option<String>,
}

fn invalid(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem::new(Fault::Invalid, code, message).hint(hint)
}

impl Question {
    fn asked(&self, state: &AppState) -> Result<Asked, Problem> {
        let kind = self.kind()?;
        let order = match self.order.as_deref() {
            None | Some("newest") => Order::Newest,
            Some("slowest") if kind != Kind::Logs => Order::Slowest,
            Some("slowest") => {
                return Err(invalid("bad_parameter", "log records have no duration", "leave order=slowest out"));
            }
            Some(other) => {
                return Err(invalid(
                    "bad_parameter",
                    format!("{other:?} is no order"),
                    "write order=newest or order=slowest",
                ));
            }
        };
        let query = understood(&self.q, kind)?;
        let now = UnixNanos(state.now().0);
        let time = |text: &Option<String>| text.as_deref().map(|text| time(text, now)).transpose();
        Ok(Asked { kind, query, order, from: time(&self.from)?, to: time(&self.to)? })
    }

    fn kind(&self) -> Result<Kind, Problem> {
        let text = self.kind.as_deref().unwrap_or("spans");
        Kind::parse(text)
            .ok_or_else(|| invalid("bad_parameter", format!("{text:?} is no kind"), "write kind=spans, logs or traces"))
    }

    fn includes(&self, part: &str) -> bool {
        self.include.as_deref().unwrap_or("rows,count").split(',').any(|one| one.trim() == part)
    }
}

/// Parses a query; its faults are the answer's.
pub(super) fn understood(text: &str, kind: Kind) -> Result<telltale_search::Query, Problem> {
    let query = telltale_search::parse(text);
    let problems = query.check(kind.target(), &StoreEngine);
    match problems.first() {
        None => Ok(query),
        Some(first) => {
            let at = format!("{} (at byte {} of the query)", first.message, first.range.start);
            Err(invalid("search_invalid", at, first.hint.clone()))
        }
    }
}

/// Reads a time: nanoseconds since 1970, or a length of time before now (`15m`).
pub(super) fn time(text: &str, now: UnixNanos) -> Result<UnixNanos, Problem> {
    if text == "now" {
        return Ok(now);
    }
    let number = value::number(text.trim_start_matches('-'));
    match number.and_then(|number| Some((u64::try_from(number.int?).ok()?, number.unit))) {
        Some((nanos, Unit::None)) => Ok(UnixNanos(nanos)),
        Some((before, Unit::Duration)) => Ok(UnixNanos(now.0.saturating_sub(before))),
        _ => Err(invalid(
            "bad_parameter",
            format!("{text:?} is no time"),
            "write nanoseconds since 1970, or how long ago: 15m, 2h, 7d",
        )),
    }
}

/// Answers with one page, and with what is counted around it.
pub(super) async fn search(
    State(state): State<Arc<AppState>>,
    Parameters(question): Parameters<Question>,
) -> Result<Response, Problem> {
    let asked = question.asked(&state)?;
    let limit = question.limit.unwrap_or(SEARCH_ROWS).clamp(1, SEARCH_ROWS_MAX);
    let mut found = SearchAnswer {
        kind: asked.kind.name().to_owned(),
        query: question.q.clone(),
        sql: asked.statement(limit),
        condition: asked.condition(),
        ..SearchAnswer::default()
    };
    if question.includes("rows") {
        rows_of(&state, &asked, (limit, question.cursor.as_deref()), &mut found).await?;
    }
    counts_of(&state, &question, &asked, &mut found).await?;
    answer::json(&found)
}

async fn rows_of(
    state: &AppState,
    asked: &Asked,
    (limit, cursor): (usize, Option<&str>),
    found: &mut SearchAnswer,
) -> Result<(), Problem> {
    let bad_cursor =
        || invalid("bad_cursor", "the cursor is not one of ours", "take `next` of the page before, or none");
    let report = &mut found.report;
    match asked.kind {
        Kind::Traces => {
            let after = cursor.map(|text| traces::After::parse(text).ok_or_else(bad_cursor)).transpose()?;
            let read = traces::read(&state.query, asked, limit, after, report);
            let (traces, next) = measure::query(state, "search", read).await?;
            (found.traces, found.next) = (traces, next.map(|next| next.to_string()));
        }
        Kind::Spans | Kind::Logs => {
            let cursor = cursor.map(|text| page::Cursor::parse(text).ok_or_else(bad_cursor)).transpose()?;
            let read = page::read(&state.query, asked, limit, cursor, report);
            let page = measure::query(state, "search", read).await?;
            found.rows = answer::work(move || Ok(rows::rows(&page.batches)?)).await?;
            found.next = page.next.map(|next| next.to_string());
        }
    }
    Ok(())
}

async fn counts_of(
    state: &AppState,
    question: &Question,
    asked: &Asked,
    found: &mut SearchAnswer,
) -> Result<(), Problem> {
    let report = &mut found.report;
    let wanted = Wanted { histogram: question.includes("histogram"), facets: question.includes("facets") };
    if wanted != Wanted::default() {
        let read = summary::around(&state.query, asked, wanted, report);
        let name = if wanted.facets { "search_facets" } else { "search_histogram" };
        let around = measure::query(state, name, read).await?;
        let counts = wanted.histogram || question.includes("count");
        found.total = counts.then_some(around.total);
        (found.histogram, found.facets) = (around.histogram, around.facets);
    } else if question.includes("count") {
        found.total = Some(measure::query(state, "search_count", summary::count(&state.query, asked, report)).await?);
    }
    if wanted.facets {
        let read = sample::attributes(&state.query, asked, SAMPLE_ROWS);
        let sample = measure::query(state, "search_facets", read).await?;
        if !sample.is_complete {
            found.notes.push(format!("attributes are counted over {SAMPLE_ROWS} of the rows that match"));
        }
        found.facets.extend(sample::facets(&sample, asked.target()));
    }
    for key in question.facet.iter().flat_map(|keys| keys.split(',')).filter(|key| !key.is_empty()) {
        let read = exact_facet(state, asked, key, report);
        let facet = measure::query(state, "search_facets", read).await?;
        found.facets.push(facet);
    }
    Ok(())
}

async fn exact_facet(state: &AppState, asked: &Asked, key: &str, report: &mut ScanReport) -> Result<Facet, QueryError> {
    let expression = telltale_search::key_sql(key, asked.target());
    summary::facet(&state.query, asked, key, &expression, report).await
}

/// Answers with what can stand at the cursor.
pub(super) async fn complete(
    State(state): State<Arc<AppState>>,
    Parameters(question): Parameters<Question>,
) -> Result<Response, Problem> {
    let at = question.at.unwrap_or(question.q.len());
    let read = complete::read(&state.query, question.kind()?, &question.q, at);
    answer::json(&measure::query(&state, "search_complete", read).await?)
}

/// Answers with what the selected rows have that the others have not.
pub(super) async fn different(
    State(state): State<Arc<AppState>>,
    Parameters(question): Parameters<Question>,
) -> Result<Response, Problem> {
    let asked = question.asked(&state)?;
    let now = UnixNanos(state.now().0);
    let moment = |text: &Option<String>| text.as_deref().map(|text| time(text, now)).transpose();
    let selection = Asked {
        query: understood(question.selection.as_deref().unwrap_or(""), asked.kind)?,
        from: moment(&question.selection_from)?,
        to: moment(&question.selection_to)?,
        ..asked.clone()
    };
    if selection.is_everything() {
        let hint = "write selection=QUERY, such as duration>1s, or selection_from= and selection_to=";
        return Err(invalid("bad_parameter", "nothing is selected", hint));
    }
    let read = different::read(&state.query, &asked, &selection);
    answer::json(&measure::query(&state, "search_different", read).await?)
}

/// Answers with the templates of log lines.
pub(super) async fn patterns(
    State(state): State<Arc<AppState>>,
    Parameters(question): Parameters<Question>,
) -> Result<Response, Problem> {
    let question = Question { kind: Some("logs".to_owned()), ..question };
    let asked = question.asked(&state)?;
    let now = UnixNanos(state.now().0);
    let since = question.since.as_deref().map(|text| time(text, now)).transpose()?;
    let read = patterns::read(&state.query, &asked, since);
    answer::json(&measure::query(&state, "search_patterns", read).await?)
}

/// Answers with everything that matches, as a file that is written while it is read.
pub(super) async fn export(
    State(state): State<Arc<AppState>>,
    Parameters(question): Parameters<Question>,
) -> Result<Response, Problem> {
    let asked = question.asked(&state)?;
    let (form, extension, media_type) = match question.format.as_deref() {
        None | Some("jsonl") => (ExportForm::JsonLines, "jsonl", "application/jsonl"),
        Some("csv") => (ExportForm::Csv, "csv", "text/csv; charset=utf-8"),
        Some("parquet") => (ExportForm::Parquet, "parquet", "application/vnd.apache.parquet"),
        Some(other) => {
            let hint = "write format=csv, jsonl or parquet";
            return Err(invalid("bad_parameter", format!("{other:?} is no format"), hint));
        }
    };
    let sql = export_statement(&asked);
    let rows = measure::query(&state, "search_export", state.query.stream(&sql, EXPORT_TIME)).await?;
    let exporter = Exporter::new(form, rows.schema())?;
    let body = axum::body::Body::from_stream(stream::try_unfold(Some((rows, exporter)), next_piece));
    let mut response = answer::body(media_type, body);
    let name = format!("attachment; filename=\"{}.{extension}\"", asked.kind.name());
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Returns the statement of an export. Rows come in the order in which they lie: to sort all of them would need memory
/// for all of them.
fn export_statement(asked: &Asked) -> String {
    let (table, condition) = (asked.target().table(), asked.condition());
    let columns = match asked.kind {
        Kind::Spans => {
            "trace_id, span_id, parent_span_id, service_name, name, kind, start_time_unix_nano, end_time_unix_nano, \
             duration_ns, status_code, status_message, trace_state, attributes, resource_attributes, scope_name, \
             scope_version, events, links"
        }
        Kind::Logs => {
            "time_unix_nano, observed_time_unix_nano, severity_number, severity_text, service_name, event_name, body, \
             trace_id, span_id, attributes, resource_attributes, scope_name, scope_version"
        }
        Kind::Traces => {
            return format!("SELECT * FROM traces WHERE trace_id IN (SELECT trace_id FROM {table} WHERE {condition})");
        }
    };
    format!("SELECT {columns} FROM {table} WHERE {condition}")
}

type Export = Option<(RowStream, Exporter)>;

/// Returns the next bytes of an export. An error breaks the answer off, so that half a file is not taken for a whole one.
async fn next_piece(export: Export) -> Result<Option<(Vec<u8>, Export)>, QueryError> {
    let Some((mut rows, mut exporter)) = export else { return Ok(None) };
    match rows.next().await {
        Some(batch) => {
            let piece = exporter.write(&batch?)?;
            Ok(Some((piece, Some((rows, exporter)))))
        }
        None => Ok(Some((exporter.finish()?, None))),
    }
}
