//! Starts the accept loops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::AppError;
use super::bind::Sockets;
use crate::config::Config;
use crate::edge::{Edge, Role, Running};
use crate::limits::{CONNECTIONS, CONNECTIONS_PER_ADDRESS};
use crate::listeners::Timeouts;
use crate::listeners::accept::Acceptor;
use crate::listeners::connection::Terms;
use crate::listeners::registry::Registry;
use crate::security::Access;
use crate::state;
use crate::telemetry::{Metric, Telemetry};

/// The accept loops and their connections.
#[derive(Debug)]
pub struct Serving {
    stopping: CancellationToken,
    /// Cancelled when an accept loop panicked.
    failed: CancellationToken,
    tasks: TaskTracker,
    /// Every open connection.
    connections: Arc<Registry>,
}

impl Serving {
    /// Returns the token whose cancellation stops accepting and ends idle connections.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Waits until a listener is lost by a bug; a process that nobody can reach should end, so that it is restarted.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Waits until no connection is open, or as long as `within`; returns how many are open then.
    pub async fn quiet(&self, within: Duration) -> Option<usize> {
        let all_ended = async {
            while self.connections.open_count() > 0 {
                self.connections.ended().await;
            }
        };
        match tokio::time::timeout(within, all_ended).await {
            Ok(()) => None,
            Err(_elapsed) => Some(self.connections.open_count()).filter(|open| *open > 0),
        }
    }

    /// Stops accepting and waits for the connections; the caller sets the deadline.
    pub async fn drain(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Begins to accept on every socket.
///
/// # Errors
/// The system gives no random bytes for the login cookie.
pub fn serve(
    sockets: Sockets,
    config: &Config,
    running: watch::Receiver<Option<Running>>,
    telemetry: &Arc<Telemetry>,
) -> Result<Serving, AppError> {
    let endpoints = sockets.endpoints();
    let access = Access::new(config, sockets.ui.address.port())?;
    let edge = Edge::new(access, running, Arc::clone(telemetry), endpoints);
    let (stopping, failed, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
    let connections = Registry::new(CONNECTIONS, CONNECTIONS_PER_ADDRESS);
    state::watch(telemetry, Metric::ConnectionsOpen, &connections, |connections| connections.open_count());
    let listeners =
        [(Role::Ui, Some(sockets.ui)), (Role::OtlpGrpc, sockets.otlp_grpc), (Role::OtlpHttp, sockets.otlp_http)];
    for (role, bound) in listeners {
        let acceptor = Acceptor {
            name: role.as_str(),
            terms: Terms { service: edge.service(role), timeouts: Timeouts::default(), stopping: stopping.clone() },
            registry: Arc::clone(&connections),
            tasks: tasks.clone(),
            telemetry: Arc::clone(telemetry),
        };
        for socket in bound.into_iter().flat_map(|bound| bound.sockets) {
            supervise(&tasks, acceptor.clone().run(socket), &failed);
        }
    }
    Ok(Serving { stopping, failed, tasks, connections })
}

/// Spawns a task that may end, but not by a panic. (The panic itself is logged and counted by the process's hook.)
fn supervise(tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static, failed: &CancellationToken) {
    let (failed, task) = (failed.clone(), tasks.spawn(task));
    tasks.spawn(async move {
        if task.await.is_err() {
            failed.cancel();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_reported_and_an_end_is_not() {
        let (tasks, failed) = (TaskTracker::new(), CancellationToken::new());
        supervise(&tasks, async {}, &failed);
        tasks.close();
        tasks.wait().await;
        assert!(!failed.is_cancelled());
        tasks.reopen();
        supervise(&tasks, async { panic!("on purpose") }, &failed);
        failed.cancelled().await;
    }
}
