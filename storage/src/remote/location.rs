//! The address of a store, as a setting has it.

use std::path::Path;
use std::sync::Arc;

use object_store::local::LocalFileSystem;

use super::{RemoteStore, Upload, s3};
use crate::error::Error;

impl RemoteStore {
    /// Opens the store of a URL: `s3://bucket/folder`, or `file:///folder`, a mounted file system for instance. Nothing is asked yet.
    ///
    /// # Errors
    /// `Error::StoreUrl` for an address that is none.
    pub fn open(url: &str, endpoint: Option<&str>, upload: Upload) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        match scheme {
            "file" => file(url, rest, endpoint, upload),
            "s3" => s3::open(url, rest, endpoint, upload),
            _ => Err(wrong(
                url,
                "it begins with none of the schemes that are understood",
                "write s3://BUCKET/FOLDER or file:///FOLDER",
            )),
        }
    }
}

/// A folder; `prefix` is empty, since the store begins there.
fn file(url: &str, path: &str, endpoint: Option<&str>, upload: Upload) -> Result<RemoteStore, Error> {
    if endpoint.is_some() {
        return Err(wrong(url, "a folder has no endpoint", "leave --store-endpoint out"));
    }
    let folder = Path::new(path);
    if !folder.is_absolute() {
        return Err(wrong(url, "the folder has to begin with /", "write file:///FOLDER, with three slashes"));
    }
    // A folder that is made here would hide that its disk is not mounted.
    if !folder.is_dir() {
        return Err(wrong(url, "there is no such folder", "create the folder, or mount its disk"));
    }
    let store = LocalFileSystem::new_with_prefix(folder);
    let store = store.map_err(|error| wrong(url, &error.to_string(), "check the folder and its permissions"))?;
    Ok(RemoteStore::new(Arc::new(store.with_automatic_cleanup(true)), "", url, upload))
}

pub(super) fn wrong(url: &str, what: &str, hint: &'static str) -> Error {
    Error::StoreUrl { url: url.to_owned(), what: what.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused_with_what_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let good = format!("file://{}", folder.path().display());
        assert_eq!(RemoteStore::open(&good, None, Upload::All).unwrap().url(), good);
        for (url, endpoint, what) in [
            ("file://relative", None, "begin with /"),
            ("file:///no/such/folder/anywhere", None, "no such folder"),
            (&*good, Some("http://127.0.0.1:9000"), "no endpoint"),
            ("ftp://host/folder", None, "schemes"),
            ("bucket", None, "schemes"),
        ] {
            let text = RemoteStore::open(url, endpoint, Upload::All).unwrap_err().to_string();
            assert!(text.contains(url) && text.contains(what) && text.contains("\nhint: "), "{text}");
        }
    }
}
