//! Whose place in the store this is: one data folder's, so that nobody overwrites or removes another one's segments.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::fetch::get;
use super::{Failed, Remote, RemoteStore};
use crate::error::Error;
use crate::shared::Shared;

/// Name of the object that says it.
pub(crate) const MARKER: &str = "telltale.json";
/// Version of the place's layout.
const VERSION: u64 = 1;

/// What the object says.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    version: u64,
    /// What the catalog of its data folder says too.
    owner: String,
}

/// Checks that the place is ours, and takes it when it is nobody's.
pub(super) fn take(shared: &Shared, remote: &Remote) -> Result<(), Error> {
    let now = shared.options.clock.now().0;
    let mine = shared.catalog().owner(|| new_owner(now))?;
    let is_over = || shared.is_closing();
    let found = match read(remote, &is_over)? {
        Some(found) => found,
        None => {
            let marker = Marker { version: VERSION, owner: mine.clone() };
            let text = serde_json::to_vec(&marker).map_err(|error| Error::Bug(format!("marker: {error}")))?;
            remote.put(&remote.place.key(MARKER), text.into(), &is_over)?;
            // Another one may have taken it at the same moment. A store that shows it later shows it the next time.
            read(remote, &is_over)?.unwrap_or(marker)
        }
    };
    if found.owner == mine {
        return Ok(());
    }
    Err(Error::Remote {
        operation: "write to",
        key: remote.place.key(MARKER).to_string(),
        store: remote.place.url.clone(),
        message: format!("the place belongs to another data folder ({}, this one is {mine})", found.owner),
        hint: "name another place with --store, or make a data folder from this one: telltale rebuild-catalog --store URL",
    })
}

impl Remote {
    /// Returns whose place this is. One that has segments and lost the object that says it gets a new owner, whose first upload writes it.
    pub(crate) fn owner(&self, has_segments: bool) -> Result<String, Error> {
        match read(self, &|| false)? {
            Some(marker) => Ok(marker.owner),
            None if has_segments => Ok(new_owner(self.sequence.load(Ordering::Relaxed))),
            None => Err(Error::Remote {
                operation: "use",
                key: self.place.key(MARKER).to_string(),
                store: self.place.url.clone(),
                message: "there is none, so that no telltale has ever uploaded anything there".into(),
                hint: "check the bucket and the folder in --store",
            }),
        }
    }
}

/// Reads the marker; `None` when there is none.
fn read(remote: &Remote, is_over: &dyn Fn() -> bool) -> Result<Option<Marker>, Error> {
    let (store, patience) = (Arc::clone(&remote.place.store), remote.limits.remote_request_wait);
    let key = remote.place.key(MARKER);
    let look = async move {
        match get(store.as_ref(), &key, patience).await {
            Ok(bytes) => {
                let marker = serde_json::from_slice::<Marker>(&bytes);
                let detail = |error: serde_json::Error| format!("it does not say whose place this is: {error}");
                marker.map(Some).map_err(|error| Failed::Differs { key, detail: detail(error) })
            }
            Err(failed) if failed.is_missing() => Ok(None),
            Err(failed) => Err(failed),
        }
    };
    let marker = remote.wait(look, is_over)?;
    check_version(marker.as_ref(), &remote.place)?;
    Ok(marker)
}

fn check_version(marker: Option<&Marker>, place: &RemoteStore) -> Result<(), Error> {
    match marker.map(|marker| marker.version) {
        Some(found) if found > VERSION => {
            Err(Error::Newer { what: "the object store", path: place.url.clone().into(), found, supported: VERSION })
        }
        _ => Ok(()),
    }
}

/// Two data folders never get the same text: the operating system's random numbers key this hash.
fn new_owner(now: u64) -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let part = |number: u64| RandomState::new().hash_one((now, std::process::id(), number));
    format!("{:016x}{:016x}", part(1), part(2))
}
