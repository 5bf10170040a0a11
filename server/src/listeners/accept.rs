//! Accepts connections of one socket until the server stops.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use super::Peer;
use super::activity::Activity;
use super::connection::{self, Terms};
use super::registry::{NoPlace, Place, Registry};
use crate::limits;
use crate::telemetry::{Metric, Telemetry};

/// What the sockets of one listener share.
#[derive(Debug, Clone)]
pub struct Acceptor {
    /// Name of the listener in metrics: `ui`, `otlp_grpc` or `otlp_http`.
    pub name: &'static str,
    /// What its connections need.
    pub terms: Terms,
    /// Every connection of the process.
    pub registry: Arc<Registry>,
    /// The tasks of connections, so that stopping can wait for them.
    pub tasks: TaskTracker,
    /// Where connections are counted.
    pub telemetry: Arc<Telemetry>,
}

impl Acceptor {
    /// Accepts until the server stops, then closes the socket.
    pub async fn run(self, socket: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.terms.stopping.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.admit(stream, address).await,
                Err(error) => {
                    // A connection that broke before it was accepted, or no file descriptors: others may end.
                    tracing::warn!(listener = self.name, %error, "a connection could not be accepted");
                    tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Gives the connection a place and a task, or closes it.
    async fn admit(&self, stream: TcpStream, address: SocketAddr) {
        let address = address.ip().to_canonical();
        let activity = Arc::new(Activity::new(Instant::now()));
        let Some(place) = self.place(address, &activity).await else {
            self.telemetry.add(Metric::ConnectionsRefused, [self.name], 1);
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            // The peer is gone already.
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        self.telemetry.add(Metric::ConnectionsAccepted, [self.name], 1);
        let (terms, telemetry, name) = (self.terms.clone(), Arc::clone(&self.telemetry), self.name);
        self.tasks.spawn(async move {
            let evict = place.evict.clone();
            let end = connection::serve(stream, Peer(address), activity, evict, terms).await;
            telemetry.add(Metric::ConnectionsClosed, [name, end.as_str()], 1);
            drop(place);
        });
    }

    /// Waits a moment for a place; meanwhile the kernel keeps newer connections.
    async fn place(&self, address: IpAddr, activity: &Arc<Activity>) -> Option<Place> {
        let wait = async {
            loop {
                match self.registry.enter(address, activity) {
                    Ok(place) => return Some(place),
                    Err(NoPlace::AddressFull) => return None,
                    Err(NoPlace::Full) => self.registry.ended().await,
                }
            }
        };
        tokio::time::timeout(limits::PLACE_WAIT, wait).await.ok().flatten()
    }
}
