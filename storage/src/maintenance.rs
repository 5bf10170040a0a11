//! The maintenance thread: it keeps segments few and the disk from filling up, after everybody else.
//!
//! It runs at a low priority of the operating system, gives way to ingest and queries between two batches, and does one
//! thing at a time. Whatever fails is said in the status and tried again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use tokio::sync::oneshot;

use crate::compaction;
use crate::deletion::{self, Deleted, Deletion};
use crate::error::Error;
use crate::graveyard;
use crate::reserve;
use crate::retention::{self, Steadiness};
use crate::schema::Table;
use crate::shared::Shared;

/// What the thread is asked to do.
#[derive(Debug)]
pub(crate) enum MaintenanceCommand {
    /// There may be something to do.
    Wake,
    /// Do all that there is to do and answer then.
    Run(oneshot::Sender<Result<(), Error>>),
    /// Delete rows and answer when they are gone.
    Delete(Deletion, oneshot::Sender<Result<Deleted, Error>>),
    /// End; what is under way is given up.
    Stop,
}

/// Works until it is told to end.
pub(crate) fn run(shared: &Arc<Shared>, commands: &Receiver<MaintenanceCommand>) {
    let clock = &shared.options.clock;
    let mut steadiness = Steadiness::begin(clock.now(), clock.monotonic());
    loop {
        let done = match commands.recv_timeout(shared.options.limits.maintenance_every) {
            Ok(MaintenanceCommand::Run(done)) => Some(done),
            Ok(MaintenanceCommand::Delete(deletion, done)) => {
                drop(done.send(deletion::delete(shared, &deletion)));
                continue;
            }
            Ok(MaintenanceCommand::Wake) | Err(RecvTimeoutError::Timeout) => None,
            Ok(MaintenanceCommand::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        };
        let result = maintain(shared, &mut steadiness);
        if let Some(done) = done {
            // Whoever went away does not need the answer.
            drop(done.send(result));
        }
    }
}

/// Does all that there is to do.
fn maintain(shared: &Shared, steadiness: &mut Steadiness) -> Result<(), Error> {
    let result = work(shared, steadiness);
    if let Some(remote) = &shared.segment_context.remote {
        remote.wake();
    }
    match &result {
        Ok(()) => shared.set_maintenance_error(None),
        Err(Error::Closed) => {}
        Err(error) => {
            shared.gauges.compaction_failures.fetch_add(1, Ordering::Relaxed);
            shared.set_maintenance_error(Some(error.to_string()));
        }
    }
    result
}

fn work(shared: &Shared, steadiness: &mut Steadiness) -> Result<(), Error> {
    shared.snapshot().segments(Table::Logs).for_each(|segment| segment.let_go_of_pages());
    graveyard::bury(shared)?;
    reserve::set_aside(&shared.options, &shared.paths);
    // Before anything is merged: a merged segment would hide which of its rows a deletion meant.
    let deleted = deletion::resume(shared);
    if !matches!(deleted, Err(Error::Remote { .. })) {
        deleted.clone()?;
    }
    retention::run(shared, steadiness)?;
    graveyard::bury(shared)?;
    // An object store that does not answer holds up a deletion, and with it compaction, but not retention.
    deleted?;
    while let Some((job, inputs)) = compaction::next_job(shared) {
        match compaction::compact(shared, &job, &inputs) {
            // A damaged segment is out of service from now on; the others go on without it.
            Err(error @ (Error::Corrupt { .. } | Error::Newer { .. })) => {
                if inputs.iter().all(|segment| segment.damage().is_none()) {
                    return Err(error);
                }
            }
            other => other?,
        }
        drop(inputs);
        graveyard::bury(shared)?;
    }
    Ok(())
}
