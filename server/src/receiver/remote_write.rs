//! `POST /api/v1/write`: Prometheus remote write 1.0 and 2.0, as OTLP through the one append path.
//!
//! Acknowledged (204) when every sample is durable and visible. A body that is not understood, and series that cannot be kept, are
//! 400: senders drop those and go on; what may be sent again later is 503. The series beside a refused one are stored all the same.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER as RETRY_AFTER_HEADER};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use prost::Message as _;
use telltale_model::SignalKind;
use telltale_prometheus::limits::REASONS_MAX;
use telltale_prometheus::remote::{self, Version, Write, WriteError};
use telltale_prometheus::series::SeriesError;

use super::refusal::{Reason, Refusal};
use super::{Acknowledged, Protocol, Sender, announce, body, ingest};
use crate::limits::RETRY_AFTER;
use crate::state::AppState;
use crate::telemetry::Metric;

/// What was stored: samples, native histograms, exemplars.
type Counts = (usize, usize, usize);

/// Answers one request.
pub async fn handle(State(state): State<Arc<AppState>>, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let sender = Sender { protocol: Protocol::RemoteWrite, compression: "snappy", ..super::http::sender(&request) };
    let result = write(&state, request, &sender).await;
    let outcome = result.as_ref().map(|(_, acknowledged, _)| acknowledged.clone()).map_err(Clone::clone);
    announce::outcome(&state, Some(SignalKind::Metrics), &sender, &outcome);
    match result {
        Ok((counts, acknowledged, refused)) => {
            state.telemetry.observe(Metric::IngestDuration, [sender.protocol.as_str()], started.elapsed());
            answer(counts, &acknowledged, &refused)
        }
        Err(refusal) => {
            announce::refusal(&state, Some(SignalKind::Metrics), &refusal, &sender);
            refused(&refusal)
        }
    }
}

async fn write(
    state: &Arc<AppState>,
    request: Request<Body>,
    sender: &Sender,
) -> Result<(Counts, Acknowledged, Vec<SeriesError>), Refusal> {
    let (parts, body) = request.into_parts();
    let version = match understand(&parts.headers) {
        Ok(version) => version,
        Err(refusal) => {
            body::discard(body, state.config.max_request_bytes).await;
            return Err(refusal);
        }
    };
    let mut grant = state.admission.begin();
    let body = body::read(body, state.config.max_request_bytes, &mut grant).await?;
    // What a block says of its size is checked against the bound before anything is given to it.
    let claimed = remote::claimed_bytes(&body).map_err(|error| refusal_of(&error))?;
    grant.grow_to(body.len() + claimed).await?;
    let read = tokio::task::spawn_blocking(move || read(version, &body)).await;
    let (payload, counts, Write { metadata, refused, .. }) =
        read.map_err(|_panic| Refusal::unavailable("an internal error occurred; it is in the log"))??;
    state.families.note(metadata);
    for error in &refused {
        state.telemetry.add(Metric::IngestRejectedItems, [SignalKind::Metrics.name(), reason(error)], 1);
    }
    if payload.is_empty() {
        return Ok((counts, Acknowledged::default(), refused));
    }
    let acknowledged = ingest(state, SignalKind::Metrics, payload, Vec::new(), sender).await?;
    Ok((counts, acknowledged, refused))
}

/// Decompresses, reads and turns into OTLP; the series themselves are gone afterwards.
fn read(version: Version, body: &[u8]) -> Result<(Bytes, Counts, Write), Refusal> {
    let body = remote::decompress(body).map_err(|error| refusal_of(&error))?;
    let mut write = remote::read(version, &body).map_err(|error| refusal_of(&error))?;
    drop(body);
    let counts = write.counts();
    let request = telltale_prometheus::otlp::request(std::mem::take(&mut write.series));
    Ok((request.encode_to_vec().into(), counts, write))
}

fn understand(headers: &HeaderMap) -> Result<Version, Refusal> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let encoding = text(CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("snappy") {
        let message = format!("content encoding {encoding:?} is not understood; remote write sends snappy");
        return Err(Refusal::new(Reason::UnsupportedMedia, message));
    }
    // The first senders of version 1 name no type.
    let content_type = text(CONTENT_TYPE);
    let version = if content_type.is_empty() { Some(Version::One) } else { Version::of_content_type(content_type) };
    version.ok_or_else(|| {
        let message = format!(
            "content type {content_type:?} is not understood; send application/x-protobuf, with proto=io.prometheus.write.v2.Request \
             for version 2.0"
        );
        Refusal::new(Reason::UnsupportedMedia, message)
    })
}

fn refusal_of(error: &WriteError) -> Refusal {
    match error {
        WriteError::TooLarge { .. } => Refusal::too_large(error.to_string()),
        _ => Refusal::malformed(error.to_string()),
    }
}

/// Returns the word of metrics for why a series was refused.
const fn reason(error: &SeriesError) -> &'static str {
    match error {
        SeriesError::Nameless { .. } => "series_without_name",
        SeriesError::BadLabel { .. } => "series_label_invalid",
        SeriesError::TooMuch { .. } => "series_too_large",
        SeriesError::Histogram { .. } => "native_histogram_unsupported",
        SeriesError::Time { .. } => "point_time_before_1970",
    }
}

fn answer(
    (samples, histograms, exemplars): Counts,
    acknowledged: &Acknowledged,
    refused: &[SeriesError],
) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let mut reasons: Vec<String> = refused.iter().take(REASONS_MAX).map(ToString::to_string).collect();
    if refused.len() > REASONS_MAX {
        reasons.push(format!("and {} more", refused.len() - REASONS_MAX));
    }
    if acknowledged.rejected > 0 {
        reasons.push(acknowledged.message.clone());
    }
    if !reasons.is_empty() {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        *response.body_mut() = Body::from(reasons.join("; "));
    }
    let written = [
        ("x-prometheus-remote-write-samples-written", samples),
        ("x-prometheus-remote-write-histograms-written", histograms),
        ("x-prometheus-remote-write-exemplars-written", exemplars),
    ];
    for (name, count) in written {
        response.headers_mut().insert(name, HeaderValue::from(count));
    }
    response
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let mut response = Response::new(Body::from(refusal.message.clone()));
    *response.status_mut() = refusal.reason.http_status();
    if refusal.reason == Reason::Unavailable {
        response.headers_mut().insert(RETRY_AFTER_HEADER, HeaderValue::from(RETRY_AFTER.as_secs()));
    }
    response
}
