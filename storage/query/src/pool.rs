//! The threads that queries run on, apart from those that take data in.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::error::QueryError;
use crate::limits::THREAD_STACK_BYTES;
use crate::sql::Stop;

/// A tokio runtime of its own; dropping it never blocks.
#[derive(Debug)]
pub(crate) struct Pool {
    runtime: Option<Runtime>,
}

impl Pool {
    pub(crate) fn new(threads: usize) -> Result<Self, QueryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .max_blocking_threads(threads.max(1) * 4)
            .thread_name("query")
            .thread_stack_size(THREAD_STACK_BYTES)
            .enable_time()
            .build()
            .map_err(|error| QueryError::Internal { message: format!("cannot start query threads: {error}") })?;
        Ok(Self { runtime: Some(runtime) })
    }

    fn runtime(&self) -> Result<&Runtime, QueryError> {
        self.runtime.as_ref().ok_or_else(|| QueryError::Internal { message: "query threads have stopped".to_owned() })
    }

    /// Runs a task; it is cancelled when the returned future is dropped or the time is over.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, QueryError>> + Send + 'static,
        stop: Stop,
        time: Duration,
        limit: Duration,
    ) -> Result<T, QueryError> {
        let mut task = EndOnDrop { task: self.runtime()?.spawn(task), stop };
        match tokio::time::timeout(time, &mut task.task).await {
            Ok(joined) => joined.map_err(stopped)?,
            Err(_elapsed) => Err(QueryError::Timeout { limit }),
        }
    }

    /// Starts a task that ends when the returned handle is dropped.
    pub(crate) fn start(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
        stop: Stop,
    ) -> Result<EndOnDrop<()>, QueryError> {
        Ok(EndOnDrop { task: self.runtime()?.spawn(task), stop })
    }

    /// Runs blocking work, to its end even when nobody waits any more.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        self.runtime()?.spawn_blocking(work).await.map_err(stopped)?
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as map_err's function")]
fn stopped(error: tokio::task::JoinError) -> QueryError {
    QueryError::Internal { message: error.to_string() }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A running task that nobody needs any more once this is dropped.
#[derive(Debug)]
pub(crate) struct EndOnDrop<T> {
    task: JoinHandle<T>,
    stop: Stop,
}

impl<T> Drop for EndOnDrop<T> {
    fn drop(&mut self) {
        self.stop.stop();
        self.task.abort();
    }
}
