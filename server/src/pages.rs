//! Pages of memory: small ones.

/// Asks the system for small pages only. The allocator wants large ones, and the kernel then clears two megabytes where a few kilobytes
/// are touched: at full load a third more memory and 5 % more processor time (docs/benchmarks.md). Where the system refuses, nothing
/// but that is lost.
#[cfg(target_os = "linux")]
pub(crate) fn keep_small() {
    let (on, unused): (libc::c_ulong, libc::c_ulong) = (1, 0);
    #[expect(
        unsafe_code,
        reason = "rustix has this call behind a feature that builds everything anew; it takes numbers only"
    )]
    // SAFETY: the call reads no memory of ours.
    let answer = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, on, unused, unused, unused) };
    if answer != 0 {
        tracing::debug!(error = %std::io::Error::last_os_error(), "the system keeps large pages");
    }
}

/// Other systems have no such setting.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_small() {}

#[cfg(test)]
mod tests {
    /// Scenario: a process asks for small pages. Guarantees: the system says that it has them.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_knows_of_it() {
        super::keep_small();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let setting = status.lines().find_map(|line| line.strip_prefix("THP_enabled:"));
        // Kernels before 5.0 do not tell.
        assert_eq!(setting.map_or("0", str::trim), "0");
    }
}
