//! The start: from a folder, in whatever state it is, to a storage that has every acknowledged row once.
//!
//! 1. Take the lock, check the format, open (and migrate) the catalog.
//! 2. Remove unfinished segments, finished ones that the catalog does not list because their flush or compaction was
//!    cut off (the log, or the inputs, still have their rows), and those that the catalog has taken out.
//! 3. Open the catalog's segments; a missing one is named and left out.
//! 4. Replay the log after `flushed_lsn` through the memtable, flushing whenever it is full, so that memory stays
//!    bounded whatever the log's size.
//! 5. Delete the log's files that are flushed; sync the others, since what was replayed is now visible.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::catalog::{Catalog, SegmentEntry};
use crate::data_dir::DataDir;
use crate::decode;
use crate::error::Error;
use crate::flush::Flusher;
use crate::graveyard;
use crate::remote::Remote;
use crate::reserve;
use crate::segment::manifest::{MANIFEST, Manifest};
use crate::segment::{Segment, SegmentContext};
use crate::shared::{Committed, Shared};
use crate::storage::Options;
use crate::wal::{Record, Writer, first_logged, recover};

/// An opened data folder, before its threads run.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    pub(crate) flusher: Flusher,
    pub(crate) writer: Writer,
    pub(crate) lock: File,
}

/// Opens a data folder.
pub(crate) fn open(options: Options) -> Result<Opened, Error> {
    let paths = DataDir::new(&options.data_dir);
    let lock = paths.prepare(options.disk.as_ref())?;
    reserve::give_back(&options, &paths);
    let catalog = Catalog::open(&paths.catalog)?;
    let flushed_lsn = catalog.flushed_lsn()?;
    let entries = catalog.segments()?;
    let uploaded = catalog.uploaded()?;
    let remote = options
        .remote
        .clone()
        .map(|place| Remote::new(place, &options.limits, Arc::clone(&options.disk), &paths.root).map(Arc::new));
    let context = Arc::new(SegmentContext::new(remote.transpose()?));
    let removed = catalog.removed()?;
    let largest_remote = catalog.largest_removed_remote()?;
    let pins = catalog.pins()?;
    let shared = Arc::new(Shared::new(options, paths, Arc::clone(&context), catalog));
    shared.gauges.flushed_lsn.store(flushed_lsn, Ordering::Release);

    *shared.pins() = pins;
    empty_tmp(&shared)?;
    report_quarantine(&shared);
    let largest_removed = removed.iter().map(|(id, _)| *id).max();
    bury_removed(&shared, &removed);
    let orphan_id = remove_orphans(&shared, &entries, &removed, flushed_lsn)?;
    let known = entries.iter().map(|entry| entry.segment_id).max();
    shared.set_next_segment_id(known.max(orphan_id).max(largest_removed).max(largest_remote).unwrap_or(0) + 1);
    let open = |entry: SegmentEntry| {
        let url = uploaded.get(&entry.segment_id).cloned();
        Segment::open_at(&shared.paths.root, entry, url, Arc::clone(&context))
    };
    shared.add_segments(entries.into_iter().map(open).collect());
    if let Some(remote) = &context.remote {
        remote.keep_bound();
    }

    let flusher = Flusher::new(Arc::clone(&shared));
    let writer = replay(&shared, &flusher, flushed_lsn)?;
    reserve::set_aside(&shared.options, &shared.paths);
    Ok(Opened { shared, flusher, writer, lock })
}

fn empty_tmp(shared: &Shared) -> Result<(), Error> {
    let (disk, tmp) = (&shared.options.disk, &shared.paths.tmp);
    for path in disk.list(tmp).map_err(|error| Error::io("list", tmp, &error))? {
        disk.remove_dir(&path).map_err(|error| Error::io("remove", &path, &error))?;
    }
    Ok(())
}

/// What an earlier start put aside is still a loss that somebody should know of.
fn report_quarantine(shared: &Shared) {
    for path in shared.options.disk.list(&shared.paths.quarantine).unwrap_or_default() {
        shared.segment_context.report(&format!(
            "{}: kept from an earlier start; delete it when it is not needed any more",
            path.display()
        ));
    }
}

/// Removes segments that the catalog does not list and returns the largest id seen. A segment whose rows the log does
/// not have any more is put aside instead: its catalog is not the one that it was entered into.
fn remove_orphans(
    shared: &Shared,
    live: &[SegmentEntry],
    removed: &[(u64, String)],
    flushed_lsn: u64,
) -> Result<Option<u64>, Error> {
    let is_known = |path: &String| {
        live.iter().any(|entry| entry.path == *path) || removed.iter().any(|(_, removed)| removed == path)
    };
    let (disk, paths) = (&shared.options.disk, &shared.paths);
    let list = |path: &Path| disk.list(path).map_err(|error| Error::io("list", path, &error));
    let is_there = |entry: &&SegmentEntry| shared.paths.root.join(&entry.path).join(MANIFEST).exists();
    let is_live = |id: &u64| live.iter().filter(is_there).any(|entry| entry.segment_id == *id);
    let first_logged = first_logged(disk.as_ref(), &paths.wal)?;
    let is_logged = |lsn: u64| lsn > flushed_lsn && first_logged.is_some_and(|first| first <= lsn);
    let mut largest = None;
    for table in list(&paths.segments)? {
        for path in list(&table)? {
            let name =
                |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            largest = largest.max(name(&path).parse().ok());
            if is_known(&format!("segments/{}/{}", name(&table), name(&path))) {
                continue;
            }
            let manifest = std::fs::read(path.join(MANIFEST)).ok();
            let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
            // Its rows are still in the log, or in the segments that it was to replace. A catalog that is older than the folder
            // lists segments that are gone: then they are not.
            let is_spare = |manifest: Manifest| match manifest.replaces.as_slice() {
                [] => is_logged(manifest.first_lsn),
                replaces => replaces.iter().all(is_live),
            };
            if manifest.is_some_and(is_spare) {
                discard(shared, &path)?;
            } else {
                let aside = paths.quarantine.join(format!("{}-{}", name(&table), name(&path)));
                disk.rename(&path, &aside).map_err(|error| Error::io("move to quarantine", &path, &error))?;
                shared.segment_context.report(&format!(
                    "{}: the catalog does not know this segment; for its rows, stop the server, move the folder back to {} and run \
                     telltale rebuild-catalog",
                    aside.display(),
                    path.display()
                ));
            }
        }
    }
    Ok(largest)
}

/// Removes a segment in one step: what a cut leaves of it is in `tmp/`.
fn discard(shared: &Shared, path: &Path) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default();
    let tmp = shared.paths.tmp.join(name);
    let disk = &shared.options.disk;
    disk.rename(path, &tmp).map_err(|error| Error::io("remove", path, &error))?;
    disk.remove_dir(&tmp).map_err(|error| Error::io("remove", &tmp, &error))
}

/// Removes folders whose segments were taken out of the catalog. What cannot be removed now is tried at the next start.
fn bury_removed(shared: &Shared, removed: &[(u64, String)]) {
    for (id, path) in removed {
        let gone = graveyard::remove(shared, &shared.paths.root.join(path));
        if let Err(error) = gone.and_then(|()| shared.catalog().forget_removed(&[*id])) {
            tracing::warn!(path, %error, "a segment that is not needed any more stays until the next start");
        }
    }
}

fn replay(shared: &Arc<Shared>, flusher: &Flusher, flushed_lsn: u64) -> Result<Writer, Error> {
    let (options, paths) = (&shared.options, &shared.paths);
    let mut is_disk_usable = true;
    let found = recover(options.disk.as_ref(), &paths.wal, &paths.quarantine, flushed_lsn, |record| {
        replay_record(shared, &record);
        if is_disk_usable && shared.active_size().bytes >= options.limits.memtable_flush_bytes {
            // On a full disk the rest stays in memory, as it was before the stop; the flush thread tries again.
            is_disk_usable = shared.freeze().is_none_or(|frozen| flusher.flush(&frozen).is_ok());
        }
        Ok(())
    })?;
    shared.gauges.replayed_records.store(found.replayed, Ordering::Relaxed);
    found.damage.iter().for_each(|damage| shared.segment_context.report(damage));
    let flushed_lsn = shared.gauges.flushed_lsn.load(Ordering::Acquire);
    for file in found.files.iter().filter(|file| file.last_lsn > flushed_lsn) {
        let sync = || options.disk.open(&file.path)?.sync();
        sync().map_err(|error| Error::io("sync", &file.path, &error))?;
    }
    if found.replayed > 0 {
        options.disk.sync_dir(&paths.wal).map_err(|error| Error::io("sync", &paths.wal, &error))?;
    }
    let settings = (options.ack, options.limits.wal_file_bytes);
    let (disk, clock) = (Arc::clone(&options.disk), Arc::clone(&options.clock));
    let mut writer = Writer::new(disk, clock, &paths.wal, settings, found.last_lsn, found.files);
    writer.remove_flushed(flushed_lsn)?;
    Ok(writer)
}

/// Puts a record into the memtable. One that this version cannot read is put aside: it was readable when it was
/// acknowledged.
fn replay_record(shared: &Shared, record: &Record) {
    let batches = match decode::decode(record.signal, &record.payload, record.received) {
        Ok(decoded) => decoded.batches.into(),
        Err(error) => {
            put_aside(shared, record, &error.to_string());
            Arc::default()
        }
    };
    let committed = Committed { lsn: record.lsn, wal_bytes: record.payload.len() as u64, batches };
    shared.publish(&[committed], 0);
}

fn put_aside(shared: &Shared, record: &Record, why: &str) {
    let path = shared.paths.quarantine.join(format!("{:020}-{}.otlp", record.lsn, record.signal));
    let disk = shared.options.disk.as_ref();
    let write = || {
        if path.exists() {
            return Ok(());
        }
        crate::io::write_file(disk, &path, &record.payload)?;
        disk.sync_dir(&shared.paths.quarantine)
    };
    let kept = match write() {
        Ok(()) => format!("its bytes are in {}", path.display()),
        Err(error) => format!("its bytes could not be put aside: {error}"),
    };
    shared.segment_context.report(&format!("append {} of the log cannot be decoded: {why}; {kept}", record.lsn));
}
