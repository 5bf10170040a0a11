//! A store that has come to rest: compaction has nothing left to do.

use std::time::{Duration, Instant};

use super::load::Plan;
use super::process;
use super::run::{look_up, look_up_absent};
use crate::server::{Launch, Server};

/// The server is at rest when it took less than this share of a processor for [`REST`].
const REST_SHARE: f64 = 0.05;
const REST: Duration = Duration::from_secs(5);
/// A store that is not at rest after this is measured as it is.
const REST_DEADLINE: Duration = Duration::from_secs(900);

/// What such a store costs and gives.
#[derive(Debug)]
pub struct Rested {
    /// Processor seconds from the flush until the rest.
    pub cpu_seconds: f64,
    /// Bytes on the disk, write-ahead log and indexes included.
    pub disk_bytes: u64,
    /// Sorted times of traces by id.
    pub lookups: Vec<Duration>,
    /// Sorted times of traces that are not there.
    pub misses: Vec<Duration>,
    /// Time from the start of another process on the same folder, after `kill -9`, to its ready line.
    pub ready: Duration,
    /// What the first trace by id took there.
    pub first: Option<Duration>,
}

/// Waits until compaction has nothing left to do.
///
/// # Panics
/// When the server is gone.
pub async fn wait(server: &Server) {
    let started = Instant::now();
    loop {
        let before = process::cpu_seconds(server.pid());
        tokio::time::sleep(REST).await;
        let used = process::cpu_seconds(server.pid()) - before;
        if used < REST.as_secs_f64() * REST_SHARE || started.elapsed() > REST_DEADLINE {
            eprintln!("at rest after {:.0} s", started.elapsed().as_secs_f64());
            return;
        }
    }
}

/// Lets a flushed server come to rest, measures it, kills it, and starts `launch` on its folder.
///
/// # Panics
/// When the server is gone, fails a look-up or does not start again.
pub async fn measure(server: Server, launch: Launch, plan: Plan, lookups: usize) -> Rested {
    let before = process::cpu_seconds(server.pid());
    wait(&server).await;
    let cpu_seconds = process::cpu_seconds(server.pid()) - before;
    let disk_bytes = process::disk_bytes(server.data_dir());
    let (hits, misses) =
        (look_up(&server.http, plan, lookups).await, look_up_absent(&server.http, plan, lookups).await);
    server.kill();
    let again = launch.start();
    let first = look_up(&again.http, plan, 1).await.pop();
    Rested { cpu_seconds, disk_bytes, lookups: hits, misses, ready: again.ready_after, first }
}
