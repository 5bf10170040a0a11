//! `GET /api/story/{id}` and `/t/{id}`: the story as JSON, text or Markdown, and the page that shows it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use telltale_api::story::Story;
use telltale_story::{format, story};

use super::extract::Path;
use super::problem::Problem;
use super::{answer, assets, negotiate, page, trace, view};
use crate::state::AppState;

/// A form of the story that needs no browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
    Markdown,
}

/// The page's media types and what they mean; the page itself is first, and so the default.
const OFFERS: [(&str, Option<Form>); 4] = [
    ("text/html", None),
    ("text/plain", Some(Form::Text)),
    ("text/markdown", Some(Form::Markdown)),
    ("application/json", Some(Form::Json)),
];

/// Answers `GET /api/story/{id}`.
pub(super) async fn story(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> Result<Response, Problem> {
    tell(&state, &id, Form::Json).await
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
    match suffix.or_else(|| accepted(&headers)) {
        Some(form) => tell(&state, id, form).await,
        None => Ok(shell(&state, id, &headers).await),
    }
}

fn split_suffix(id: &str) -> (&str, Option<Form>) {
    let suffixes = [(".json", Form::Json), (".txt", Form::Text), (".md", Form::Markdown)];
    let found = suffixes.into_iter().find_map(|(suffix, form)| Some((id.strip_suffix(suffix)?, Some(form))));
    found.unwrap_or((id, None))
}

fn accepted(headers: &HeaderMap) -> Option<Form> {
    let chosen = negotiate::media_type(headers, &OFFERS.map(|(media_type, _)| media_type));
    OFFERS.into_iter().find(|(media_type, _)| *media_type == chosen).and_then(|(_, form)| form)
}

async fn tell(state: &AppState, id: &str, form: Form) -> Result<Response, Problem> {
    let view = trace::load_view(state, id).await?;
    answer::work(move || {
        let story: Story = story::tell(&view, &story::FactConfig::default());
        match form {
            Form::Json => answer::json(&story),
            Form::Text => Ok(answer::body(answer::TEXT, format::text(&story, &view))),
            Form::Markdown => Ok(answer::body(answer::MARKDOWN, format::markdown(&story, &view))),
        }
    })
    .await
}

/// Serves the page with the trace's title. An id in another spelling is the page's to resolve.
async fn shell(state: &AppState, id: &str, headers: &HeaderMap) -> Response {
    let shell = telltale_web_bundle::index_html();
    let Ok(id) = trace::parse_id(id) else {
        return assets::html(StatusCode::OK, shell.to_owned(), headers);
    };
    // A title is a courtesy: when it cannot be made, the page says why by itself.
    let rows = state.query.summaries(&[id]).await.unwrap_or_default();
    let summary = rows.into_iter().next().map(view::summary);
    let html = page::with_head(shell, &id.to_hex(), summary.as_ref());
    assets::html(StatusCode::OK, html, headers)
}
