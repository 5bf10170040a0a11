//! What an object store knows of segments: enough to make a catalog of nothing else.
//!
//! A segment is there when its manifest is, which is written last and removed first. Manifests and filters over ids come into the
//! data folder; rows come when they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::data_dir::DataDir;
use crate::error::Error;
use crate::io::{Disk as _, RealDisk};
use crate::limits::Limits;
use crate::remote::{Remote, RemoteStore};
use crate::segment::manifest::{BLOOM, MANIFEST, Manifest};

/// What was found in the store.
pub(super) struct Collected {
    /// Whose place it is.
    pub(super) owner: String,
    /// Where each segment is.
    pub(super) places: BTreeMap<u64, String>,
    /// Folders that did not exist here before, by segment.
    pub(super) made: BTreeSet<u64>,
    /// Manifests that cannot be used, each with what was found.
    pub(super) damaged: Vec<String>,
}

/// Brings the manifests and filters of every segment of a store into the data folder.
pub(super) fn collect(paths: &DataDir, place: &RemoteStore) -> Result<Collected, Error> {
    let remote = Remote::new(place.clone(), &Limits::default(), Arc::new(RealDisk), &paths.root)?;
    let segments = remote.segment_paths()?;
    let owner = remote.owner(!segments.is_empty())?;
    let (places, made, damaged) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
    let mut collected = Collected { owner, places, made, damaged };
    for path in segments {
        match take(paths, &remote, &path) {
            Ok((id, is_made)) => {
                collected.places.insert(id, remote.url_of(&path));
                if is_made {
                    collected.made.insert(id);
                }
            }
            // A store that does not answer would leave out what it has.
            Err(error @ Error::Remote { operation: "read" | "list", .. }) => return Err(error),
            Err(error) => collected.damaged.push(error.to_string()),
        }
    }
    Ok(collected)
}

/// Brings one segment's manifest and filters over, unless they are here; says its id and whether its folder is new.
fn take(paths: &DataDir, remote: &Remote, path: &str) -> Result<(u64, bool), Error> {
    let (dir, url) = (paths.root.join(path), remote.url_of(path));
    let file = dir.join(MANIFEST);
    let is_new = !file.exists();
    if is_new {
        remote.fetch_manifest(&url, &dir)?;
    }
    let bytes = std::fs::read(&file).map_err(|error| Error::io("read", &file, &error))?;
    let manifest = Manifest::parse(&file, &bytes)?;
    if !is_new && !remote.has_manifest(path, bytes)? {
        return Err(Error::corrupt(&file, format!("it says something else than the one at {url}; this one counts")));
    }
    if let Some(filters) = manifest.files.iter().find(|file| file.name == BLOOM && !dir.join(BLOOM).exists()) {
        remote.fetch(&url, &dir, filters)?;
    }
    Ok((manifest.segment_id, is_new))
}

/// Removes the folders of segments that were only brought over to be compared with others.
pub(super) fn remove_made(paths: &DataDir, places: &BTreeMap<u64, String>, gone: &BTreeSet<u64>) -> Result<(), Error> {
    for path in gone.iter().filter_map(|id| places.get(id)) {
        let Some(start) = path.find("segments/") else { continue };
        let dir = paths.root.join(path.split_at(start).1);
        RealDisk.remove_dir(&dir).map_err(|error| Error::io("remove", &dir, &error))?;
    }
    Ok(())
}
