//! File systems of the tests' own. Only root may mount; where that is not permitted, or a tool is missing, it is said and the test that asked
//! ends: the same faults, made up by `FaultyDisk`, are in the tests of telltale-storage.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command and returns what it said.
///
/// # Errors
/// The command with what it said, when it failed or is not there.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(args).output().map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{program} {}: {said}", args.join(" "))) }
}

/// Returns what was mounted; says why it was not.
pub(crate) fn or_skip<T>(mounted: Result<T, String>) -> Option<T> {
    mounted
        .map_err(|why| eprintln!("skipped: {why}; FaultyDisk stands in for it in the tests of telltale-storage"))
        .ok()
}

/// A file system that is mounted as long as this lives.
pub(crate) struct Mount {
    place: tempfile::TempDir,
    device: Option<String>,
}

impl Mount {
    /// Mounts a file system in memory.
    pub(crate) fn tmpfs(mib: u64) -> Result<Self, String> {
        let place = tempfile::tempdir().unwrap();
        run("mount", &["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs", &place.path().to_string_lossy()])?;
        Ok(Self { place, device: None })
    }

    /// Makes a file of so many MiB and a file system in it, with a `mkfs` command and its options, and mounts it.
    pub(crate) fn made(file: &Path, mib: u64, mkfs: &[&str]) -> Result<Self, String> {
        std::fs::File::create(file).unwrap().set_len(mib << 20).unwrap();
        let path = file.to_string_lossy().into_owned();
        run(mkfs[0], &[&mkfs[1..], &[path.as_str()]].concat())?;
        Self::image(file)
    }

    /// Mounts the file system in a file.
    pub(crate) fn image(file: &Path) -> Result<Self, String> {
        let device = run("losetup", &["--find", "--show", &file.to_string_lossy()])?;
        let mut mount = Self { place: tempfile::tempdir().unwrap(), device: None };
        mount.device = Some(device.clone());
        run("mount", &[&device, &mount.path().to_string_lossy()])?;
        Ok(mount)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.place.path().to_owned()
    }

    /// Changes an option of a mounted file system.
    pub(crate) fn remount(&self, option: &str) {
        run("mount", &["-o", &format!("remount,{option}"), &self.path().to_string_lossy()]).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Nothing can be done about what fails here; a lazy unmount waits for whoever still has a file open.
        let _ = run("umount", &["--lazy", &self.path().to_string_lossy()]);
        if let Some(device) = &self.device {
            let _ = run("losetup", &["--detach", device]);
        }
    }
}
