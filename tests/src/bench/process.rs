//! What the server's process costs, from /proc, and what its folder takes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Clock ticks a second of `/proc/PID/stat`; Linux has fixed them at 100 for user space.
const TICKS_PER_SECOND: f64 = 100.0;

/// Returns user and system time of a process in seconds.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("read /proc/PID/stat");
    // The second field is the name in parentheses and may hold anything.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    // utime and stime are fields 14 and 15 of the line, 12 and 13 after the name.
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

/// What a process has in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// All of it: the two below, and memory that is shared with other processes.
    pub resident: u64,
    /// What the process holds: heap and stacks. It goes when the process gives it back, and not before.
    pub anonymous: u64,
    /// Pages of mapped files (indices, the executable): a cache that the kernel takes back when somebody needs the room.
    pub files: u64,
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mib = |bytes: u64| bytes >> 20;
        write!(
            f,
            "{} MiB held and {} MiB of files, {} MiB resident",
            mib(self.anonymous),
            mib(self.files),
            mib(self.resident)
        )
    }
}

/// Returns what a process has in memory now.
///
/// # Panics
/// When the process is gone, or the kernel does not tell the kinds apart (before Linux 4.5).
#[must_use]
pub fn memory(pid: u32) -> Memory {
    let status = status(pid);
    Memory {
        resident: bytes_of(&status, "VmRSS"),
        anonymous: bytes_of(&status, "RssAnon"),
        files: bytes_of(&status, "RssFile"),
    }
}

/// Returns a line of `/proc/PID/status` that is in kB, in bytes: `VmRSS` now, `VmHWM` at its highest.
///
/// # Panics
/// When the process is gone, or there is no such line.
#[must_use]
pub fn memory_bytes(pid: u32, name: &str) -> u64 {
    bytes_of(&status(pid), name)
}

fn status(pid: u32) -> String {
    let path = format!("/proc/{pid}/status");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {path}: {error}"))
}

fn bytes_of(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or_else(|| panic!("no {name} in kB in the status of a process:\n{status}")) * 1024
}

/// Returns the bytes that a folder takes on the disk (allocated blocks), all levels, but for the room that a store sets aside.
#[must_use]
pub fn disk_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut total = 0;
    for entry in entries.flatten().filter(|entry| entry.file_name() != "RESERVE") {
        let Ok(metadata) = entry.metadata() else { continue };
        total += if metadata.is_dir() { disk_bytes(&entry.path()) } else { metadata.blocks() * 512 };
    }
    total
}

/// Returns the share of all processors' time, since the system started, that the host gave to others: `(stolen, all)` in
/// ticks. Two readings tell about the time between them.
#[must_use]
pub fn steal() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest time is part of user time.
    (ticks.get(7).copied().unwrap_or(0.0), ticks.iter().take(8).sum())
}

/// Returns the load average of the last minute, to tell whether a figure was taken on a quiet machine.
#[must_use]
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// Lets `VmHWM` of a process begin again at what it has now.
pub fn reset_peak(pid: u32) {
    // 5 of proc(5)'s clear_refs; without the right to do it the peak stays that of the whole run, which is no smaller.
    drop(fs::write(format!("/proc/{pid}/clear_refs"), "5"));
}
