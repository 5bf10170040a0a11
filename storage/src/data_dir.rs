//! The data folder: where things lie in it, whose it is and which version wrote it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::io::{Disk, write_file};

/// Version of the folder's layout, written into the file `FORMAT`.
pub(crate) const FORMAT: u64 = 1;

/// The paths of a data folder.
#[derive(Debug, Clone)]
pub(crate) struct DataDir {
    pub(crate) root: PathBuf,
    pub(crate) wal: PathBuf,
    pub(crate) segments: PathBuf,
    /// Unfinished segments; emptied at every start.
    pub(crate) tmp: PathBuf,
    /// Copies of damaged files and what has no place in the catalog.
    pub(crate) quarantine: PathBuf,
    pub(crate) catalog: PathBuf,
}

impl DataDir {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            wal: root.join("wal"),
            segments: root.join("segments"),
            tmp: root.join("tmp"),
            quarantine: root.join("quarantine"),
            catalog: root.join("catalog.sqlite"),
        }
    }

    /// Creates what is missing, takes the lock and checks the format. The folder is ours until the file is dropped.
    pub(crate) fn prepare(&self, disk: &dyn Disk) -> Result<File, Error> {
        let is_new = !self.root.exists();
        let create = |path: &Path| disk.create_dir(path).map_err(|error| Error::io("create", path, &error));
        create(&self.root)?;
        let lock = self.lock()?;
        self.check_format(disk)?;
        let missing: Vec<_> = [&self.wal, &self.segments, &self.tmp, &self.quarantine]
            .into_iter()
            .filter(|path| !path.exists())
            .collect();
        missing.iter().try_for_each(|path| create(path))?;
        if !missing.is_empty() {
            disk.sync_dir(&self.root).map_err(|error| Error::io("sync", &self.root, &error))?;
        }
        if let Some(parent) = self.root.parent().filter(|parent| is_new && parent.is_dir()) {
            disk.sync_dir(parent).map_err(|error| Error::io("sync", parent, &error))?;
        }
        Ok(lock)
    }

    fn lock(&self) -> Result<File, Error> {
        let path = self.root.join("LOCK");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| Error::io("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { path: self.root.clone() }),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &path, &error)),
        }
    }

    fn check_format(&self, disk: &dyn Disk) -> Result<(), Error> {
        let path = self.root.join("FORMAT");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return self.write_format(disk, &path),
            Err(error) => return Err(Error::io("read", &path, &error)),
        };
        match text.trim().parse::<u64>() {
            Ok(found) if found > FORMAT => {
                Err(Error::Newer { what: "the data folder", path: self.root.clone(), found, supported: FORMAT })
            }
            Ok(_) => Ok(()),
            Err(_) => Err(Error::corrupt(&path, format!("{text:?} is not a format number"))),
        }
    }

    /// The file appears whole or not at all.
    fn write_format(&self, disk: &dyn Disk, path: &Path) -> Result<(), Error> {
        let new = self.root.join("FORMAT.new");
        let write = || {
            if new.exists() {
                disk.remove_file(&new)?;
            }
            write_file(disk, &new, format!("{FORMAT}\n").as_bytes())?;
            disk.rename(&new, path)?;
            disk.sync_dir(&self.root)
        };
        write().map_err(|error| Error::io("write", path, &error))
    }
}
