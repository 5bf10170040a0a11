//! Pages of memory: small ones, given back soon.

/// `mi_option_purge_delay`: its place in the allocator's list of options, for which its bindings have no name (mimalloc 3.x, `mi_option_e`).
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// How long memory that is free stays with the process, for whoever wants some next. The allocator's own second keeps everything that
/// a search reads in a second; with a tenth of it half of that is back, for no processor time that could be measured
/// (docs/benchmarks.md).
const KEPT_MS: libc::c_long = 100;

/// Asks the allocator to give free memory back soon; who sets `MIMALLOC_PURGE_DELAY` decides.
pub(crate) fn give_back_soon() {
    #[expect(unsafe_code, reason = "the allocator's options have no safe call")]
    // SAFETY: the call takes numbers only and stores one of them; it is made before there are other threads.
    unsafe {
        libmimalloc_sys::mi_option_set_default(PURGE_DELAY, KEPT_MS);
    }
}

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
    /// Scenario: the allocator's bindings have no name for the option. Guarantees: its place is that of the delay, whose default of a
    /// second no other option has, and the delay is ours afterwards.
    #[test]
    fn free_memory_is_given_back_soon() {
        #[expect(unsafe_code, reason = "the allocator's options have no safe call")]
        // SAFETY: as above.
        let delay = || unsafe { libmimalloc_sys::mi_option_get(super::PURGE_DELAY) };
        let before = delay();
        super::give_back_soon();
        let wanted = std::env::var("MIMALLOC_PURGE_DELAY").ok().map_or(super::KEPT_MS, |text| text.parse().unwrap());
        assert!(before == 1_000 || before == wanted, "{before}");
        assert_eq!(delay(), wanted);
    }

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
