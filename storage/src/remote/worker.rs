//! The upload thread: it brings segments to the store, and removes there what is not live any more.
//!
//! A failed round is tried again after a wait that doubles, with some chance in it so that many servers do not come back at
//! once. Whatever is live is uploaded before anything is removed: a merged segment is there before those it was made of go.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Remote, Upload, owner, upload};
use crate::compaction::{self, policy};
use crate::error::Error;
use crate::retention;
use crate::segment::Segment;
use crate::shared::Shared;

/// Priority below everything else of the process, as `nice` counts it.
const NICE: i32 = 10;
/// Failed uploads after which a round ends: the store, not the segment, is to blame.
const FAILURES_PER_ROUND: usize = 3;

/// What the thread is asked to do.
#[derive(Debug)]
pub(crate) enum RemoteCommand {
    /// There may be something to do.
    Wake,
    /// Upload every segment that there is, also those that are not due, and answer then.
    UploadAll(oneshot::Sender<Result<(), Error>>),
    /// End; what is under way is given up and begins anew at the next start.
    Stop,
}

/// What a round remembers for the next one.
#[derive(Debug, Default)]
struct Rounds {
    is_ours: bool,
    /// Segments whose last upload failed: they come last.
    failed: BTreeSet<u64>,
    failures: u32,
}

/// Works until it is told to end.
pub(crate) fn run(shared: &Arc<Shared>, remote: &Arc<Remote>, commands: &Receiver<RemoteCommand>) {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the upload thread keeps its priority");
    }
    let limits = &shared.options.limits;
    let mut rounds = Rounds::default();
    let mut next = Instant::now();
    loop {
        let wait = next.saturating_duration_since(Instant::now());
        let done = match commands.recv_timeout(wait) {
            Ok(RemoteCommand::UploadAll(done)) => Some(done),
            // Whoever wakes does not hurry a store that failed.
            Ok(RemoteCommand::Wake) if rounds.failures > 0 => continue,
            Ok(RemoteCommand::Wake) | Err(RecvTimeoutError::Timeout) => None,
            Ok(RemoteCommand::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        };
        let result = rounds.work(shared, remote, done.is_some());
        rounds.failures = if result.is_err() { rounds.failures.saturating_add(1) } else { 0 };
        next = Instant::now()
            + match rounds.failures {
                0 => limits.maintenance_every,
                failures => back_off(failures, limits.remote_retry_min, limits.remote_retry_max),
            };
        if !matches!(result, Err(Error::Closed)) {
            remote.set_round_problem(result.as_ref().err().map(ToString::to_string));
        }
        if let Some(done) = done {
            // Whoever went away does not need the answer.
            drop(done.send(result));
        }
    }
}

/// Returns the wait after so many failed rounds: half of it is certain, the other half is left to chance.
fn back_off(failures: u32, least: Duration, most: Duration) -> Duration {
    let full = least.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(most);
    let chance = RandomState::new().hash_one(failures) % 1_024;
    full / 2 + (full / 2).mul_f64(chance as f64 / 1_024.0)
}

/// Returns the segments that are to be uploaded, oldest first.
pub(super) fn due(shared: &Shared, remote: &Remote, is_all: bool) -> Vec<Arc<Segment>> {
    let is_all = is_all || remote.place.upload == Upload::All;
    let mut segments = retention::segments(&shared.snapshot());
    let candidates: Vec<_> = segments.iter().map(|segment| compaction::candidate(segment)).collect();
    let settled = policy::settled(&candidates, shared.options.clock.now().0);
    segments.retain(|segment| !segment.is_uploaded() && (is_all || settled.contains(&segment.id())));
    segments.sort_unstable_by_key(|segment| segment.id());
    segments
}

impl Rounds {
    /// Does all that there is to do.
    fn work(&mut self, shared: &Shared, remote: &Remote, is_all: bool) -> Result<(), Error> {
        let mut result = Ok(());
        let mut tried = BTreeSet::new();
        loop {
            let mut waiting = due(shared, remote, is_all);
            waiting.retain(|segment| !tried.contains(&segment.id()));
            waiting.sort_by_key(|segment| self.failed.contains(&segment.id()));
            let Some(segment) = waiting.first() else { break };
            if let Err(error) = self.take_place(shared, remote) {
                remote.count(|gauges| &gauges.upload_failures, 1);
                return Err(error);
            }
            tried.insert(segment.id());
            self.failed.remove(&segment.id());
            match upload::upload(shared, remote, segment) {
                Ok(()) => {}
                Err(Error::Closed) => return Err(Error::Closed),
                // A damaged segment is out of service from now on; the others go on without it.
                Err(Error::Corrupt { .. } | Error::Newer { .. }) => {}
                Err(error) => {
                    remote.count(|gauges| &gauges.upload_failures, 1);
                    self.failed.insert(segment.id());
                    result = Err(error);
                    if self.failed.len() >= FAILURES_PER_ROUND {
                        return result;
                    }
                }
            }
        }
        result?;
        self.remove(shared, remote)
    }

    /// Removes from the store what is not live and what nobody reads any more.
    fn remove(&mut self, shared: &Shared, remote: &Remote) -> Result<(), Error> {
        let removed = shared.catalog().removed_remote()?;
        for (id, url) in removed {
            // What lies in another store waits until that one is in use again.
            let Some(path) = remote.path_of(&url) else { continue };
            self.take_place(shared, remote)?;
            let gone = remote.remove(path, &|| shared.is_closing());
            match gone.and_then(|()| shared.catalog().forget_removed_remote(id)) {
                Ok(()) => remote.count(|gauges| &gauges.removals, 1),
                Err(error) => {
                    remote.count(|gauges| &gauges.removal_failures, 1);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn take_place(&mut self, shared: &Shared, remote: &Remote) -> Result<(), Error> {
        if !self.is_ours {
            owner::take(shared, remote)?;
            self.is_ours = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_leaves_half_to_chance() {
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(60));
        for failures in 1..40 {
            let full = Duration::from_secs(1 << (failures - 1).min(10)).min(most);
            let wait = back_off(failures, least, most);
            assert!(wait >= full / 2 && wait <= full, "{failures}: {wait:?}");
        }
        let waits: BTreeSet<Duration> = (0..64).map(|_| back_off(7, least, most)).collect();
        assert!(waits.len() > 1, "all the same: {waits:?}");
    }
}
