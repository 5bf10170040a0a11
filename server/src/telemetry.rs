//! telltale's own signals: every metric is a variant, so that none can be renamed or forgotten by accident.

/// The process's counters.
#[derive(Debug, Default)]
pub struct Telemetry {}

impl Telemetry {
    /// Creates counters at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
