//! `GET /api/story/{id}` and `/t/{id}`: the story as JSON, text or Markdown, and the page that shows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use telltale_api::area::Area;
use telltale_api::story::Story;
use telltale_api::trace::TraceView;
use telltale_query::OperationKey;
use telltale_story::story::{Analysis, Baselines};
use telltale_story::{format, story};

use super::extract::{Parameters, Path};
use super::problem::{Kind, Problem};
use super::{answer, assets, diff, measure, negotiate, page, trace, view};
use crate::limits::STORY_OPERATIONS;
use crate::state::AppState;

mod json;

/// A form of the story that needs no browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    /// JSON without the merged list.
    Head,
    Text,
    Markdown,
    /// The facts alone, as Markdown.
    Facts,
}

/// The page's media types and what they mean; the page itself is first, and so the default.
const OFFERS: [(&str, Option<Form>); 4] = [
    ("text/html", None),
    ("text/plain", Some(Form::Text)),
    ("text/markdown", Some(Form::Markdown)),
    ("application/json", Some(Form::Json)),
];

/// `?entries=`: whether the merged list comes along, which grows with the trace; everything else is bounded.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Wanted {
    entries: Option<String>,
}

/// Answers `GET /api/story/{id}`.
pub(super) async fn story(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, Problem> {
    let form = match wanted.entries.as_deref() {
        None | Some("1" | "true") => Form::Json,
        Some("0" | "false") => Form::Head,
        Some(other) => {
            return Err(Problem::new(Kind::Invalid, "bad_parameter", format!("entries={other:?} is neither 0 nor 1")));
        }
    };
    tell(&state, &id, form).await
}

/// Answers `GET /t/{id}`: the page, or with a suffix or an `Accept` header the story in another form; and
/// `GET /t/{id}/{span_id}`: the same page, which opens at the span.
pub(super) async fn page(
    State(state): State<Arc<AppState>>,
    Path(rest): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some((id, _span_id)) = rest.split_once('/') {
        return Ok(shell(&state, id, &headers).await);
    }
    let (id, suffix) = split_suffix(&rest);
    if let Some((a, b)) = id.split_once("...") {
        let form = match suffix.or_else(|| accepted(&headers)) {
            Some(Form::Json | Form::Head) => diff::Form::Json,
            Some(Form::Text) => diff::Form::Text,
            Some(Form::Markdown | Form::Facts) => diff::Form::Markdown,
            None => return Ok(shell(&state, id, &headers).await),
        };
        return diff::told_as(&state, a, b, form).await;
    }
    match suffix.or_else(|| accepted(&headers)) {
        Some(form) => tell(&state, id, form).await,
        None => Ok(shell(&state, id, &headers).await),
    }
}

fn split_suffix(id: &str) -> (&str, Option<Form>) {
    let suffixes = [(".json", Form::Json), (".txt", Form::Text), (".facts.md", Form::Facts), (".md", Form::Markdown)];
    let found = suffixes.into_iter().find_map(|(suffix, form)| Some((id.strip_suffix(suffix)?, Some(form))));
    found.unwrap_or((id, None))
}

fn accepted(headers: &HeaderMap) -> Option<Form> {
    let chosen = negotiate::media_type(headers, &OFFERS.map(|(media_type, _)| media_type));
    OFFERS.into_iter().find(|(media_type, _)| *media_type == chosen).and_then(|(_, form)| form)
}

async fn tell(state: &AppState, id: &str, form: Form) -> Result<Response, Problem> {
    let (view, analysis, story) = analysed(state, id).await?;
    answer::work(move || match form {
        Form::Json => json::whole(view, analysis, story),
        Form::Head => answer::json(&story),
        Form::Facts => Ok(answer::body(answer::MARKDOWN, format::facts_markdown(&story))),
        Form::Text => Ok(answer::body(answer::TEXT, format::text(&story, &view, &analysis))),
        Form::Markdown => Ok(answer::body(answer::MARKDOWN, format::markdown(&story, &view, &analysis))),
    })
    .await
}

/// Returns a trace and its story without the list of entries, which is as long as the trace.
pub(super) async fn told(state: &AppState, id: &str) -> Result<(TraceView, Story), Problem> {
    let (view, _analysis, story) = analysed(state, id).await?;
    Ok((view, story))
}

/// Returns the title of a trace's story, and the story as text.
pub(crate) async fn as_text(state: &AppState, id: &str) -> Result<(String, String), Problem> {
    let (view, analysis, story) = analysed(state, id).await?;
    answer::work(move || {
        let text = format::text(&story, &view, &analysis);
        Ok((story.title, text))
    })
    .await
}

/// Returns a trace, what was computed of it, and its story without the list of entries.
async fn analysed(state: &AppState, id: &str) -> Result<(TraceView, Analysis, Story), Problem> {
    let view = trace::load_view(state, id).await?;
    let baselines = baselines(state, &view).await;
    let facts = state.config.facts.clone();
    answer::work(move || {
        let analysis = Analysis::new(&view);
        let story = story::tell_head_in_full(&view, &analysis, &facts, &baselines);
        Ok((view, analysis, story))
    })
    .await
}

/// Returns service and name of the span that stands for a trace.
pub(super) fn root_operation(view: &TraceView) -> Option<OperationKey> {
    let root = Analysis::new(view).root.and_then(|root| view.spans.get(usize::try_from(root).ok()?))?;
    Some((root.service_name.clone(), root.name.clone()))
}

/// Asks the store what is usual for the operations of a trace. Without an answer the story is told all the same.
async fn baselines(state: &AppState, view: &TraceView) -> Baselines {
    let operations = view.spans.iter().map(|span| (span.service_name.as_deref(), span.name.as_str()));
    let wanted: BTreeSet<(Option<&str>, &str)> = operations.collect();
    let owned =
        wanted.into_iter().take(STORY_OPERATIONS).map(|(service, name)| (service.map(str::to_owned), name.to_owned()));
    match measure::query(state, "baselines", state.query.baselines(owned.collect())).await {
        Ok(operations) => Baselines { operations },
        Err(problem) => {
            tracing::warn!(trace_id = %view.trace_id, problem = ?problem, "a story is told without what is usual");
            Baselines::default()
        }
    }
}

/// Answers `POST /api/plan`: a query plan as text becomes a tree.
pub(super) async fn plan(body: Result<Bytes, axum::extract::rejection::BytesRejection>) -> Result<Response, Problem> {
    let text = String::from_utf8_lossy(&body?).into_owned();
    answer::work(move || answer::json(&telltale_story::plan::parse(&text))).await
}

/// Serves the page with the trace's title. An id in another spelling is the page's to resolve.
async fn shell(state: &AppState, id: &str, headers: &HeaderMap) -> Response {
    let shell = assets::page(Area::Story);
    let Ok(id) = trace::parse_id(id) else {
        return assets::html(StatusCode::OK, shell.to_owned(), headers);
    };
    // A title is a courtesy: when it cannot be made, the page says why by itself.
    let rows = state.query.summaries(&[id]).await.unwrap_or_default();
    let summary = rows.into_iter().next().map(view::summary);
    let html = page::with_head(shell, &id.to_hex(), summary.as_ref());
    assets::html(StatusCode::OK, html, headers)
}
