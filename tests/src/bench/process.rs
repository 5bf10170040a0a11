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

/// Returns a line of `/proc/PID/status` that is in kB, in bytes: `VmRSS` now, `VmHWM` at its highest.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn memory_bytes(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("read /proc/PID/status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
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
