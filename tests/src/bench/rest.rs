//! A store that has come to rest: compaction has nothing left to do.

use std::time::{Duration, Instant};

use super::load::Plan;
use super::process;
use super::run::{look_up, look_up_absent};
use crate::server::{Launch, Server};

/// A process that used less of one processor than this, in seconds, in [`LOOK_EVERY`] has nothing to do just now.
const IDLE_SECONDS: f64 = 0.25;
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks one after the other in which a store at rest has nothing to do: what was flushed last is merged up to a minute later.
const REST_LOOKS: usize = 14;
/// A store that is not at rest after this is measured as it is.
const DEADLINE: Duration = Duration::from_secs(900);

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
    quiet(server.pid(), REST_LOOKS, DEADLINE).await;
    eprintln!("at rest after {:.0} s", started.elapsed().as_secs_f64());
}

/// Waits until a process has nothing to do in so many looks one after the other; false when the deadline passed before.
///
/// # Panics
/// When the process is gone.
pub async fn quiet(pid: u32, looks: usize, deadline: Duration) -> bool {
    let started = Instant::now();
    let (mut before, mut idle) = (process::cpu_seconds(pid), 0);
    while idle < looks {
        if started.elapsed() > deadline {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let now = process::cpu_seconds(pid);
        idle = if now - before < IDLE_SECONDS { idle + 1 } else { 0 };
        before = now;
    }
    true
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
