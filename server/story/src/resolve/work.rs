//! Counts the bytes that a paste makes the scanner look at, so that a test can hold it to being linear. Costs nothing
//! outside of tests.

#[cfg(test)]
thread_local! {
    static BYTES: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Notes that this many bytes were looked at.
pub(super) fn looked_at(bytes: usize) {
    #[cfg(test)]
    BYTES.with(|count| count.set(count.get() + u64::try_from(bytes).unwrap_or(u64::MAX)));
    #[cfg(not(test))]
    let _unused = bytes;
}

/// Returns how many bytes `work` looked at.
#[cfg(test)]
pub(super) fn measure(work: impl FnOnce()) -> u64 {
    BYTES.with(|count| count.set(0));
    work();
    BYTES.with(std::cell::Cell::get)
}
