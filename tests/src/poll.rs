//! Waiting for a condition with a deadline.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long to wait between two looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// Calls `look` until it returns a value, and returns that.
///
/// # Panics
/// When `deadline` has passed; the message says `what` was awaited.
pub async fn until<T, F, Fut>(what: &str, deadline: Duration, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let started = Instant::now();
    loop {
        if let Some(value) = look().await {
            return value;
        }
        assert!(started.elapsed() < deadline, "waited {deadline:?} for {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}
