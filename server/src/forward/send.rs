//! The task that sends: one request at a time, oldest first, again and again while the other side may take it later.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response};
use tokio_util::sync::CancellationToken;

use super::{Forward, Item, Target, outcome};
use crate::limits::{FORWARD_GRACE, FORWARD_PAUSE_MAX, FORWARD_PAUSE_MIN, FORWARD_TIMEOUT};

/// How one attempt ended.
enum Attempt {
    Sent,
    Refused(String),
    /// May be taken later; the other side may say when.
    Later(String, Option<Duration>),
}

/// Sends what is offered until `stopping`, then for at most [`FORWARD_GRACE`].
///
/// # Errors
/// The HTTP client does not start.
pub async fn run(forward: Arc<Forward>, target: Target, stopping: CancellationToken) -> Result<(), reqwest::Error> {
    let client = Client::builder().timeout(FORWARD_TIMEOUT).no_proxy().build()?;
    let sending = send_all(&forward, &client, &target);
    let mut sending = std::pin::pin!(sending);
    tokio::select! {
        () = sending.as_mut() => {}
        () = stopping.cancelled() => {
            forward.close();
            // What does not go out in time is counted below.
            drop(tokio::time::timeout(FORWARD_GRACE, sending).await);
        }
    }
    forward.give_up();
    Ok(())
}

async fn send_all(forward: &Forward, client: &Client, target: &Target) {
    let mut pause = FORWARD_PAUSE_MIN;
    let mut is_down = false;
    while let Some(item) = forward.oldest().await {
        match attempt(client, target, &item).await {
            Attempt::Sent => {
                if std::mem::take(&mut is_down) {
                    tracing::info!(%target, "forwarding goes on");
                }
                pause = FORWARD_PAUSE_MIN;
                forward.settle(outcome::SENT);
            }
            Attempt::Refused(why) => {
                tracing::warn!(%target, signal = item.signal.name(), why, "a request was refused for good and is not forwarded");
                forward.settle(outcome::REFUSED);
            }
            Attempt::Later(why, after) => {
                if !std::mem::replace(&mut is_down, true) {
                    tracing::warn!(%target, why, "forwarding waits; requests are kept and sent again");
                }
                forward.count(item.signal, outcome::RETRIED, 1);
                tokio::time::sleep(after.unwrap_or(pause).min(FORWARD_PAUSE_MAX)).await;
                pause = (pause * 2).min(FORWARD_PAUSE_MAX);
            }
        }
    }
}

async fn attempt(client: &Client, target: &Target, item: &Item) -> Attempt {
    let request = client.post(target.of(item.signal)).header(CONTENT_TYPE, "application/x-protobuf");
    match request.body(item.payload.clone()).send().await {
        Ok(response) => judge(&response),
        Err(error) => Attempt::Later(error.to_string(), None),
    }
}

/// OTLP's table: 429, 502, 503 and 504 may be sent again, every other failure is final.
fn judge(response: &Response) -> Attempt {
    let status = response.status();
    let why = format!("the answer is {status}");
    match status {
        _ if status.is_success() => Attempt::Sent,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Attempt::Later(why, after.map(Duration::from_secs))
        }
        _ => Attempt::Refused(why),
    }
}
