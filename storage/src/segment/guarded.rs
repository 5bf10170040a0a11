//! Readers of other projects over files that they may not expect.
//!
//! Checksums find damage. Files that somebody made, with checksums that are right (an artifact from elsewhere), can hold lengths and places
//! that a library believes and panics at: tantivy 0.27 in `SSTableIndexV3::load`, Parquet 59.3 in `SerializedPageReader::new_with_properties`
//! (both found by `fuzz::any_segment_with_right_checksums_is_read_or_refused`). Such a file is refused like a damaged one.

use std::fmt::{self, Display, Formatter};
use std::panic::AssertUnwindSafe;

/// Why nothing was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contradiction;

impl Display for Contradiction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("its lengths and places contradict each other")
    }
}

impl std::error::Error for Contradiction {}

/// Runs what opens or reads a file with a library that may panic. What it worked on must not be used afterwards, except for reading that
/// changes nothing.
pub(super) fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, Contradiction> {
    // The panic itself was told by the process's hook.
    std::panic::catch_unwind(AssertUnwindSafe(read)).map_err(|_told| Contradiction)
}
