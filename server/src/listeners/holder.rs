//! Who listens on a port, from Linux's `/proc`; elsewhere, and without the right to look, nobody is named.

use std::fmt;
use std::fs;
use std::path::Path;

/// A process that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == std::process::id() {
            return f.write_str("telltale itself: two settings name the same port");
        }
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// Finds the process that listens on `port`.
#[must_use]
pub fn of_port(port: u16) -> Option<Holder> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let holds = fs::read_dir(entry.path().join("fd")).ok()?.flatten().any(|fd| is_one_of(&fd.path(), &inodes));
        let name = || fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        holds.then(|| Holder { pid, name: crate::text::escape_control(name().trim()) })
    })
}

/// Returns the socket inodes that listen on `port` in a table of `/proc/net`.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    /// State "LISTEN" of the kernel's table.
    const LISTEN: &str = "0A";
    let wanted = format!(":{port:04X}");
    let inode = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let local = fields.nth(1)?;
        let state = fields.nth(1)?;
        (local.ends_with(&wanted) && state == LISTEN).then(|| fields.nth(5).map(ToOwned::to_owned))?
    };
    table.lines().skip(1).filter_map(inode).collect()
}

/// Says whether a descriptor is one of the sockets.
fn is_one_of(fd: &Path, inodes: &[String]) -> bool {
    let Ok(target) = fs::read_link(fd) else { return false };
    let target = target.to_string_lossy();
    target
        .strip_prefix("socket:[")
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|inode| inodes.iter().any(|one| one == inode))
}
