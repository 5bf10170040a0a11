//! Reads a request's body, bounded in size and memory.

use axum::body::Body;
use bytes::{Buf as _, Bytes, BytesMut};
use futures::StreamExt as _;
use http_body::Body as _;

use super::admission::Grant;
use super::refusal::{Reason, Refusal};
use crate::limits::DRAIN_REQUESTS;
use crate::listeners::body::BodyError;

/// Reads the whole body.
///
/// # Errors
/// Too large, too slow, broken off, or no memory.
pub async fn read(body: Body, limit_bytes: usize, grant: &mut Grant) -> Result<Bytes, Refusal> {
    let claimed = body.size_hint().exact();
    let mut stream = body.into_data_stream();
    if claimed.is_some_and(|claimed| claimed > u64::try_from(limit_bytes).unwrap_or(u64::MAX)) {
        drain(&mut stream, limit_bytes).await;
        return Err(Refusal::over_limit(limit_bytes));
    }
    let Some(first) = stream.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(broken)?;
    grant.grow_to(first.len()).await?;
    let Some(second) = stream.next().await else { return within(first, limit_bytes) };
    // Memory that is not written to costs nothing: a claimed length decides where the bytes go, not what is granted.
    let claimed_bytes = claimed.and_then(|claimed| usize::try_from(claimed).ok());
    let mut out = BytesMut::with_capacity(claimed_bytes.unwrap_or(first.len() * 2).min(limit_bytes));
    out.extend_from_slice(&first);
    drop(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        let chunk = chunk.map_err(broken)?;
        if out.len() + chunk.len() > limit_bytes {
            drain(&mut stream, limit_bytes).await;
            return Err(Refusal::over_limit(limit_bytes));
        }
        grant.grow_to(out.len() + chunk.len()).await?;
        out.extend_from_slice(&chunk);
        next = stream.next().await;
    }
    Ok(out.freeze())
}

/// Throws a body away, for a request that is refused whatever it holds.
pub async fn discard(body: Body, limit_bytes: usize) {
    drain(&mut body.into_data_stream(), limit_bytes).await;
}

/// Checks a body that came in one piece.
fn within(body: Bytes, limit_bytes: usize) -> Result<Bytes, Refusal> {
    if body.len() > limit_bytes { Err(Refusal::over_limit(limit_bytes)) } else { Ok(body) }
}

/// Reads on without keeping anything: a sender that is still writing when the connection closes sees a broken
/// connection instead of the answer, and sends the same bytes again.
async fn drain(stream: &mut axum::body::BodyDataStream, limit_bytes: usize) {
    let mut left = limit_bytes.saturating_mul(DRAIN_REQUESTS);
    while let Some(Ok(mut chunk)) = stream.next().await {
        let Some(rest) = left.checked_sub(chunk.len()) else { return };
        left = rest;
        chunk.advance(chunk.len());
    }
}

/// Says how a broken body is answered.
fn broken(error: axum::Error) -> Refusal {
    let error = error.into_inner();
    match error.downcast_ref::<BodyError>() {
        Some(slow @ BodyError::TooSlow { .. }) => Refusal::new(Reason::SlowBody, slow.to_string()),
        _ => Refusal::new(Reason::Malformed, error.to_string()),
    }
}
