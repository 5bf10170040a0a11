//! `/api/share`: a trace redacted, as a preview, as files, and behind links; `/s/{token}`: what such a link shows.
//!
//! Whatever goes out is made from the redacted trace alone. A link's page is the exported file itself: it needs no other path,
//! so that a visitor without the server's token can reach one trace and nothing else.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use telltale_api::Nanos;
use telltale_api::routes;
use telltale_api::share::{RedactionPlace, RedactionPreview, RedactionRule, ShareCreated, ShareList, ShareRequest};
use telltale_api::story::Story;
use telltale_model::TraceId;
use telltale_query::TraceData;
use telltale_share::page::{self, Page};
use telltale_share::redact::{Redactor, RuleReport, Rules};
use telltale_story::format;
use telltale_story::story::{Analysis, Baselines, FactConfig, entries, tell_head_in_full};

use super::extract::{Parameters, Path};
use super::otlp::{Signals, document};
use super::problem::{Kind, Problem};
use super::{answer, trace, view};
use crate::limits::{SHARE_SECONDS, SHARE_SECONDS_MAX, SHARED_AT_ONCE};
use crate::share::book::{BookError, hex, random};
use crate::share::{self, RedactError};
use crate::state::AppState;
use crate::telemetry::Metric;

/// `?without=email,card`, `?redact=off`, `?signal=logs`.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    without: Option<String>,
    redact: Option<String>,
    signal: Option<String>,
}

impl Wish {
    fn without(&self) -> Vec<String> {
        let names = self.without.as_deref().unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

/// A form in which a trace goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Markdown,
    Text,
    Json,
    Protobuf,
}

/// File names, forms and media types.
const FORMS: [(&str, Form, &str); 5] = [
    ("story.html", Form::Html, "text/html; charset=utf-8"),
    ("story.md", Form::Markdown, answer::MARKDOWN),
    ("story.txt", Form::Text, answer::TEXT),
    ("otlp.json", Form::Json, answer::JSON),
    ("otlp.pb", Form::Protobuf, "application/x-protobuf"),
];

fn form_of(file: &str) -> Result<(Form, &'static str), Problem> {
    let found = FORMS.into_iter().find(|(name, ..)| *name == file).map(|(_, form, media_type)| (form, media_type));
    found.ok_or_else(|| {
        let names: Vec<&str> = FORMS.iter().map(|(name, ..)| *name).collect();
        Problem::new(Kind::NoSuchPath, "no_such_path", format!("a trace has no form {file:?}"))
            .hint(format!("there are preview, {}", names.join(", ")))
    })
}

/// A trace on its way out.
struct Outgoing {
    id: TraceId,
    data: TraceData,
    facts: FactConfig,
    notes: Vec<String>,
    now: Nanos,
}

/// Answers `GET /api/share/{id}/{file}`: the preview, or the redacted trace in a form.
pub(super) async fn file(
    State(state): State<Arc<AppState>>,
    Path((id, file)): Path<(String, String)>,
    Parameters(wish): Parameters<Wish>,
) -> Result<Response, Problem> {
    let without = wish.without();
    if file == "preview" {
        return preview(&state, &id, &without).await;
    }
    let (form, media_type) = form_of(&file)?;
    let signals = super::otlp::signals(wish.signal.as_deref())?;
    let redacts = match wish.redact.as_deref() {
        None | Some("on") => true,
        Some("off") => false,
        Some(other) => {
            let message = format!("redact={other:?} is neither on nor off");
            return Err(Problem::new(Kind::Invalid, "bad_parameter", message));
        }
    };
    let (id, data) = trace::load(&state, &id).await?;
    let rules = redacts.then(|| share::rules(&state.config, &without));
    let (mut outgoing, report) = outgoing(&state, id, data, rules, random().map_err(no_random)?).await?;
    outgoing.notes = vec![if redacts { share::told(&report) } else { "Not redacted.".to_owned() }];
    state.telemetry.add(Metric::ShareFiles, [file_form(form)], 1);
    let mut response = answer::work(move || write(&outgoing, form, signals, media_type)).await?;
    let name = format!("attachment; filename=\"{id}.{}\"", file.rsplit('.').next().unwrap_or_default());
    if let Ok(value) = HeaderValue::try_from(name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

const fn file_form(form: Form) -> &'static str {
    match form {
        Form::Html => "html",
        Form::Markdown => "markdown",
        Form::Text => "text",
        Form::Json => "otlp_json",
        Form::Protobuf => "otlp_protobuf",
    }
}

/// Redacts a trace off the request threads; without rules it goes out as it is, still without metrics.
async fn outgoing(
    state: &AppState,
    id: TraceId,
    data: TraceData,
    rules: Option<Rules>,
    key: [u8; 32],
) -> Result<(Outgoing, Vec<RuleReport>), Problem> {
    let (facts, now) = (state.config.facts.clone(), state.now());
    let (data, report) = answer::work(move || match rules {
        Some(rules) => Ok(share::redact(&data, &mut Redactor::new(&rules, key).map_err(RedactError::from)?)?),
        None => Ok((TraceData { metrics_with_exemplar: Vec::new(), ..data }, Vec::new())),
    })
    .await?;
    for rule in &report {
        state.telemetry.add(Metric::ShareRedacted, [], rule.count);
    }
    Ok((Outgoing { id, data, facts, notes: Vec::new(), now }, report))
}

fn write(outgoing: &Outgoing, form: Form, signals: Signals, media_type: &'static str) -> Result<Response, Problem> {
    if matches!(form, Form::Json | Form::Protobuf) {
        return document(&outgoing.data, signals, form == Form::Protobuf);
    }
    let view = view::trace(&outgoing.id, &outgoing.data, outgoing.now)?;
    // What is usual was learnt from names that may be redacted here.
    let analysis = Analysis::new(&view);
    let story = tell_head_in_full(&view, &analysis, &outgoing.facts, &Baselines::default());
    match form {
        Form::Markdown => Ok(answer::body(media_type, format::markdown(&story, &view, &analysis))),
        Form::Text => Ok(answer::body(media_type, format::text(&story, &view, &analysis))),
        _ => {
            let story = Story { entries: entries(&view, &analysis), ..story };
            let nonce = hex(random().map_err(no_random)?.get(..16).unwrap_or_default());
            let otlp_json = super::otlp::json(&outgoing.data)?;
            let (notes, made_unix_nano) = (&outgoing.notes, outgoing.now.0);
            let html = page::html(&Page {
                story: &story,
                view: &view,
                otlp_json: &otlp_json,
                notes,
                made_unix_nano,
                nonce: &nonce,
            });
            let mut response = answer::body(media_type, html);
            // The page's own policy: it has its style and its script inside, and nothing outside.
            let policy = format!("{}; frame-ancestors 'none'", page::content_security_policy(&nonce));
            if let Ok(policy) = HeaderValue::try_from(policy) {
                response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            }
            Ok(response)
        }
    }
}

async fn preview(state: &AppState, id: &str, without: &[String]) -> Result<Response, Problem> {
    let (id, data) = trace::load(state, id).await?;
    let (rules, key) = (share::rules(&state.config, without), random().map_err(no_random)?);
    answer::work(move || {
        let mut redactor = Redactor::new(&rules, key).map_err(RedactError::from)?;
        let (_redacted, report) = share::redact(&data, &mut redactor)?;
        let found: Vec<&str> = report.iter().map(|rule| rule.rule.as_str()).collect();
        let names = redactor.rules().iter().map(|(name, _what)| name);
        let idle = names.filter(|name| !found.contains(&name.as_str())).cloned().collect();
        let total = report.iter().map(|rule| rule.count).sum();
        let rules = report.into_iter().map(rule).collect();
        answer::json(&RedactionPreview { trace_id: id.to_hex(), rules, total, idle })
    })
    .await
}

fn rule(report: RuleReport) -> RedactionRule {
    let place = |change: telltale_share::redact::Change| RedactionPlace {
        place: change.place.to_owned(),
        key: change.key,
        count: change.count,
        before: change.before,
        after: change.after,
        span_id: change.span_id,
    };
    let RuleReport { rule, what, count, changes, changes_left_out } = report;
    let places = changes.into_iter().map(place).collect();
    RedactionRule { rule, what, count, places, places_left_out: changes_left_out }
}

/// Answers `POST /api/share/{id}`: makes a link.
pub(super) async fn create(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let body = body?;
    let request: ShareRequest = match body.is_empty() {
        true => ShareRequest::default(),
        false => serde_json::from_slice(&body).map_err(|error| {
            Problem::new(Kind::Invalid, "bad_json", format!("the body is not understood: {error}"))
                .hint(r#"send {"expires_in_seconds":604800,"without":[]} as JSON, or nothing"#)
        })?,
    };
    let seconds = request.expires_in_seconds.unwrap_or(SHARE_SECONDS);
    if !(1..=SHARE_SECONDS_MAX).contains(&seconds) {
        let message = format!("a link of {seconds} s cannot be made");
        return Err(
            Problem::new(Kind::Invalid, "share_expiry", message).hint("expires_in_seconds takes 1 to 7776000, 90 days")
        );
    }
    // A link to nothing helps nobody, and a rule that there is not would be left off in vain.
    let (id, _data) = trace::load(&state, &id).await?;
    Redactor::new(&share::rules(&state.config, &request.without), [0; 32]).map_err(RedactError::from)?;
    let now = state.now();
    let expires = Nanos(now.0.saturating_add(seconds.saturating_mul(1_000_000_000)));
    let book = Arc::clone(&state.shares);
    let without = request.without;
    let (link, token) = answer::work(move || Ok(book.create(&id, now, expires, without)?)).await?;
    if let Err(error) = share::pin(&state, &link.id, id).await {
        // A link whose trace may go before it does is not what was asked for.
        state.shares.revoke(&link.id)?;
        return Err(error.into());
    }
    share::unpin_ended(&state).await;
    tracing::info!(target: "audit", share = link.id, trace_id = link.trace_id, expires_unix_nano = link.expires_unix_nano.0, "a trace was shared");
    answer::json_with(StatusCode::CREATED, &ShareCreated { path: format!("{}{token}", routes::SHARED), link })
}

/// Answers `GET /api/shares`.
pub(super) async fn list(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    share::unpin_ended(&state).await;
    answer::json(&ShareList { links: state.shares.list(state.now()) })
}

/// Answers `DELETE /api/shares/{share}`.
pub(super) async fn revoke(State(state): State<Arc<AppState>>, Path(share): Path<String>) -> Result<Response, Problem> {
    let book = Arc::clone(&state.shares);
    let revoked = answer::work(move || {
        let revoked = book.revoke(&share)?;
        revoked.ok_or_else(|| Problem::new(Kind::NotFound, "no_such_share", format!("there is no link {share:?}")))
    });
    let link = revoked.await?;
    share::unpin_ended(&state).await;
    tracing::info!(target: "audit", share = link.id, trace_id = link.trace_id, "a shared link was revoked");
    answer::json(&link)
}

/// Answers `GET /s/{token}`: the page.
pub(super) async fn shared(State(state): State<Arc<AppState>>, Path(token): Path<String>) -> Result<Response, Problem> {
    open(&state, &token, Form::Html, Signals::Both, "text/html; charset=utf-8").await
}

/// Answers `GET /s/{token}/{file}`: the other forms.
pub(super) async fn shared_file(
    State(state): State<Arc<AppState>>,
    Path((token, file)): Path<(String, String)>,
    Parameters(wish): Parameters<Wish>,
) -> Result<Response, Problem> {
    let (form, media_type) = form_of(&file)?;
    open(&state, &token, form, super::otlp::signals(wish.signal.as_deref())?, media_type).await
}

async fn open(
    state: &AppState,
    token: &str,
    form: Form,
    signals: Signals,
    media_type: &'static str,
) -> Result<Response, Problem> {
    let count = |outcome| state.telemetry.add(Metric::ShareOpens, [outcome], 1);
    let Ok(_place) = state.shared.try_acquire() else {
        count("busy");
        return Err(Problem::new(
            Kind::Unavailable,
            "share_busy",
            format!("{SHARED_AT_ONCE} shared pages are being made"),
        ));
    };
    let Some(opened) = state.shares.find(token, state.now()) else {
        count("unknown");
        return Err(not_shared());
    };
    let Ok((id, data)) = trace::load(state, &opened.link.trace_id).await else {
        count("gone");
        return Err(not_shared());
    };
    let rules = share::rules(&state.config, &opened.link.without);
    let (mut outgoing, report) = outgoing(state, id, data, Some(rules), opened.key).await?;
    let until = format::time::date_time(opened.link.expires_unix_nano.0, 0);
    outgoing.notes = vec![share::told(&report), format!("A read-only link to this one trace; it ends at {until}.")];
    count("opened");
    tracing::info!(target: "audit", share = opened.link.id, trace_id = opened.link.trace_id, "a shared link was opened");
    answer::work(move || write(&outgoing, form, signals, media_type)).await
}

/// Unknown, ended, revoked, and a trace that is gone: all the same to a stranger.
fn not_shared() -> Problem {
    Problem::new(Kind::NotFound, "no_such_share", "this link leads to nothing; it may have ended or been revoked")
        .hint("ask whoever sent it for a new one")
}

fn no_random(error: getrandom::Error) -> Problem {
    Problem::new(Kind::Bug, "internal", format!("no random bytes: {error}"))
}

impl From<BookError> for Problem {
    fn from(error: BookError) -> Self {
        let kind = match &error {
            BookError::Full(_) => Kind::TooMuch,
            BookError::Random(_) => Kind::Bug,
            BookError::Write { .. } => Kind::Unavailable,
        };
        let code = if kind == Kind::TooMuch { "share_full" } else { "share" };
        Self::new(kind, code, error.to_string())
    }
}

impl From<RedactError> for Problem {
    fn from(error: RedactError) -> Self {
        match error {
            RedactError::Rules(error) => Self::new(Kind::Invalid, "redaction_rule", error.to_string())
                .hint("?without= takes names of rules, with commas; /api/share/ID/preview lists them"),
            RedactError::Encode(error) => error.into(),
            RedactError::Decode(error) => {
                Self::new(Kind::Bug, "internal", format!("a redacted trace is not read: {error}"))
            }
        }
    }
}
