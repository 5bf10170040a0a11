//! A disk that fails when told to, over real files: the rig of the crash tests.
//!
//! A call can fail once (`EIO`, a full disk, a write of half the bytes), or the machine can "lose power": from then on
//! every call fails, and what was not synced is undone. Unsynced writes are undone by 512-byte sectors, some of which
//! survive by a seeded choice, and so are created, renamed and removed entries of folders that were not synced.
//!
//! Not for production: it keeps the undone bytes in memory.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile, RealDisk};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The device reports an error; nothing was done.
    Io,
    /// The disk is full; nothing was done.
    Full,
    /// Half of a write was done, then the disk was full. Other calls fail as with [`Fault::Full`].
    ShortWrite,
    /// The power goes before the call.
    Crash,
}

/// The kinds of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// [`Disk::create`].
    Create,
    /// [`Disk::open`].
    Open,
    /// [`DiskFile::write_all_at`].
    Write,
    /// [`DiskFile::preallocate`].
    Preallocate,
    /// [`DiskFile::truncate`].
    Truncate,
    /// [`DiskFile::sync`].
    Sync,
    /// [`Disk::create_dir`].
    CreateDir,
    /// [`Disk::rename`].
    Rename,
    /// [`Disk::sync_dir`].
    SyncDir,
    /// [`Disk::remove_file`] and [`Disk::remove_dir`].
    Remove,
    /// [`Disk::list`].
    List,
    /// [`Disk::free_bytes`].
    FreeBytes,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Where removed entries wait until their folder is synced.
    trash: PathBuf,
    trashed: u64,
    calls: u64,
    fail_at: Option<(u64, Fault)>,
    /// The call of a kind that fails: kind, how many of them pass first, how.
    fail_operation: Option<(Operation, u64, Fault)>,
    is_crashed: bool,
    free_bytes: Option<u64>,
    random: u64,
    undo: Vec<Undo>,
}

#[derive(Debug)]
enum Undo {
    /// Bytes of a file before a write, and its length.
    Write {
        path: PathBuf,
        offset: u64,
        before: Vec<u8>,
        bytes_before: u64,
    },
    Created {
        path: PathBuf,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Removed {
        path: PathBuf,
        kept: PathBuf,
    },
}

const SECTOR_BYTES: usize = 512;

impl FaultyDisk {
    /// Returns a disk that works; `trash` is a folder outside of the data folder, on the same file system.
    #[must_use]
    pub fn new(trash: &Path, seed: u64) -> Self {
        let state = State {
            trash: trash.to_path_buf(),
            trashed: 0,
            calls: 0,
            fail_at: None,
            fail_operation: None,
            is_crashed: false,
            free_bytes: None,
            random: seed | 1,
            undo: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Lets the `call`-th call from now fail, counted from 1.
    pub fn fail_at(&self, call: u64, fault: Fault) {
        let mut state = self.lock();
        state.fail_at = Some((state.calls + call, fault));
    }

    /// Lets a call of one kind fail after `passing` of them.
    pub fn fail_operation(&self, operation: Operation, passing: u64, fault: Fault) {
        self.lock().fail_operation = Some((operation, passing, fault));
    }

    /// Tells the engine that so many bytes are free; `None` asks the system.
    pub fn set_free_bytes(&self, free_bytes: Option<u64>) {
        self.lock().free_bytes = free_bytes;
    }

    /// Cuts the power now.
    pub fn crash(&self) {
        self.lock().crash();
    }

    /// Returns how many calls were made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Tells whether a fault that was asked for did not happen yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let state = self.lock();
        state.fail_at.is_some() || state.fail_operation.is_some()
    }

    /// Tells whether the power is off.
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        self.lock().is_crashed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and fails it when it is its turn; a fault that needs the caller's help is returned.
    fn begin(&self, operation: Operation) -> io::Result<(MutexGuard<'_, State>, Option<Fault>)> {
        let mut state = self.lock();
        if state.is_crashed {
            return Err(io::Error::other("the power is off"));
        }
        state.calls += 1;
        let fault = state.next_fault(operation);
        match fault {
            Some(Fault::Crash) => {
                state.crash();
                Err(io::Error::other("the power went"))
            }
            Some(Fault::Io) => Err(io::Error::from_raw_os_error(5)),
            Some(Fault::ShortWrite) if operation == Operation::Write => Ok((state, fault)),
            Some(Fault::Full | Fault::ShortWrite) => Err(io::Error::from_raw_os_error(28)),
            None => Ok((state, None)),
        }
    }
}

impl State {
    fn next_fault(&mut self, operation: Operation) -> Option<Fault> {
        if let Some((call, fault)) = self.fail_at
            && call == self.calls
        {
            self.fail_at = None;
            return Some(fault);
        }
        if let Some((kind, passing, fault)) = self.fail_operation
            && kind == operation
        {
            self.fail_operation = if passing == 0 { None } else { Some((kind, passing - 1, fault)) };
            return (passing == 0).then_some(fault);
        }
        None
    }

    /// xorshift64: even chance.
    fn coin(&mut self) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random & 1 == 0
    }

    fn crash(&mut self) {
        self.is_crashed = true;
        while let Some(undo) = self.undo.pop() {
            // A file whose creation was undone is gone already; nothing else can fail here.
            if let Err(error) = self.apply(undo) {
                tracing::debug!(%error, "undo of a file that is gone");
            }
        }
    }

    fn apply(&mut self, undo: Undo) -> io::Result<()> {
        match undo {
            Undo::Write { path, offset, before, bytes_before } => {
                let file = OpenOptions::new().write(true).open(path)?;
                for (index, sector) in before.chunks(SECTOR_BYTES).enumerate() {
                    if self.coin() {
                        file.write_all_at(sector, offset + (index * SECTOR_BYTES) as u64)?;
                    }
                }
                file.set_len(bytes_before)
            }
            Undo::Created { path } if path.is_dir() => fs::remove_dir_all(path),
            Undo::Created { path } => fs::remove_file(path),
            Undo::Renamed { from, to } => fs::rename(to, from),
            Undo::Removed { path, kept } => fs::rename(kept, path),
        }
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(&self.trash)?;
        self.trashed += 1;
        let kept = self.trash.join(self.trashed.to_string());
        fs::rename(path, &kept)?;
        self.undo.push(Undo::Removed { path: path.to_path_buf(), kept });
        Ok(())
    }

    /// Takes down what a write to `path` at `offset` will change.
    fn before_write(&mut self, path: &Path, offset: u64, bytes: usize) -> io::Result<()> {
        let file = fs::File::open(path)?;
        let bytes_before = file.metadata()?.len();
        let kept = usize::try_from(bytes_before.saturating_sub(offset)).unwrap_or(0).min(bytes);
        let mut before = vec![0; kept];
        file.read_exact_at(&mut before, offset)?;
        self.undo.push(Undo::Write { path: path.to_path_buf(), offset, before, bytes_before });
        Ok(())
    }

    fn synced_dir(&mut self, dir: &Path) {
        self.undo.retain(|undo| match undo {
            Undo::Write { .. } => true,
            Undo::Created { path } | Undo::Removed { path, .. } => path.parent() != Some(dir),
            Undo::Renamed { to, .. } => to.parent() != Some(dir),
        });
    }

    /// Follows a rename in what is noted about files below it.
    fn follow(&mut self, from: &Path, to: &Path) {
        for undo in &mut self.undo {
            if let Undo::Write { path, .. } | Undo::Created { path } = undo
                && let Ok(below) = path.strip_prefix(from)
            {
                *path = if below.as_os_str().is_empty() { to.to_path_buf() } else { to.join(below) };
            }
        }
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let (mut state, _) = self.begin(Operation::Create)?;
        let file = RealDisk.create(path)?;
        state.undo.push(Undo::Created { path: path.to_path_buf() });
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_path_buf(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let _state = self.begin(Operation::Open)?;
        let file = RealDisk.open(path)?;
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_path_buf(), file }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(Operation::CreateDir)?;
        let mut missing: Vec<_> =
            path.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect();
        RealDisk.create_dir(path)?;
        missing.reverse();
        state.undo.extend(missing.into_iter().map(|path| Undo::Created { path }));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(Operation::Rename)?;
        RealDisk.rename(from, to)?;
        state.follow(from, to);
        state.undo.push(Undo::Renamed { from: from.to_path_buf(), to: to.to_path_buf() });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(Operation::SyncDir)?;
        state.synced_dir(path);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.begin(Operation::Remove)?.0.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.begin(Operation::Remove)?.0.remove(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let _state = self.begin(Operation::List)?;
        RealDisk.list(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let (state, _) = self.begin(Operation::FreeBytes)?;
        state.free_bytes.map_or_else(|| RealDisk.free_bytes(path), Ok)
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

impl DiskFile for FaultyFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (mut state, fault) = self.disk.begin(Operation::Write)?;
        state.before_write(&self.path, offset, bytes.len())?;
        if fault.is_some() {
            let half = bytes.split_at_checked(bytes.len() / 2).map_or(bytes, |(half, _)| half);
            self.file.write_all_at(half, offset)?;
            return Err(io::Error::from_raw_os_error(28));
        }
        self.file.write_all_at(bytes, offset)
    }

    fn preallocate(&mut self, bytes: u64) -> io::Result<()> {
        let (mut state, _) = self.disk.begin(Operation::Preallocate)?;
        state.before_write(&self.path, 0, 0)?;
        self.file.preallocate(bytes)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        let (mut state, _) = self.disk.begin(Operation::Truncate)?;
        state.before_write(&self.path, bytes, usize::MAX)?;
        self.file.truncate(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let (mut state, _) = self.disk.begin(Operation::Sync)?;
        let path = &self.path;
        state.undo.retain(|undo| !matches!(undo, Undo::Write { path: written, .. } if written == path));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rig() -> (tempfile::TempDir, FaultyDisk, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 7);
        (folder, disk, data)
    }

    #[test]
    fn a_crash_undoes_what_was_not_synced_and_keeps_what_was() {
        let (_folder, disk, data) = rig();
        let (kept, lost) = (data.join("kept"), data.join("lost"));
        let mut file = disk.create(&kept).unwrap();
        file.write_all_at(b"synced", 0).unwrap();
        file.sync().unwrap();
        disk.sync_dir(&data).unwrap();
        file.write_all_at(b" and not", 6).unwrap();
        disk.create(&lost).unwrap().sync().unwrap();
        disk.crash();
        assert_eq!(fs::read(&kept).unwrap(), b"synced");
        assert!(!lost.exists());
        assert!(disk.create(&lost).is_err());
    }

    #[test]
    fn renames_and_removals_come_back_until_their_folder_is_synced() {
        let (_folder, disk, data) = rig();
        for name in ["a", "b"] {
            disk.create(&data.join(name)).unwrap().sync().unwrap();
        }
        disk.sync_dir(&data).unwrap();
        disk.remove_file(&data.join("a")).unwrap();
        disk.rename(&data.join("b"), &data.join("c")).unwrap();
        disk.crash();
        assert_eq!(RealDisk.list(&data).unwrap(), [data.join("a"), data.join("b")]);
    }

    #[test]
    fn a_file_in_a_renamed_folder_is_lost_when_its_own_entry_was_not_synced() {
        let (_folder, disk, data) = rig();
        disk.create_dir(&data.join("tmp")).unwrap();
        disk.create(&data.join("tmp/file")).unwrap().sync().unwrap();
        disk.rename(&data.join("tmp"), &data.join("final")).unwrap();
        disk.sync_dir(&data).unwrap();
        disk.crash();
        assert_eq!(RealDisk.list(&data).unwrap(), [data.join("final")]);
        assert!(RealDisk.list(&data.join("final")).unwrap().is_empty());
    }

    #[test]
    fn a_fault_hits_the_call_it_was_meant_for_once() {
        let (_folder, disk, data) = rig();
        let mut file = disk.create(&data.join("f")).unwrap();
        disk.fail_at(2, Fault::Io);
        file.write_all_at(b"ab", 0).unwrap();
        assert_eq!(file.sync().unwrap_err().raw_os_error(), Some(5));
        disk.fail_operation(Operation::Write, 1, Fault::ShortWrite);
        file.write_all_at(b"cd", 0).unwrap();
        assert_eq!(file.write_all_at(b"efgh", 0).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(data.join("f")).unwrap(), b"ef");
        file.write_all_at(b"xy", 0).unwrap();
    }
}
