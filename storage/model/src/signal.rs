//! The three signals of OpenTelemetry.

use std::fmt;

/// Which of OTLP's export services an item came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignalKind {
    /// Spans with their events and links.
    Traces,
    /// Data points of all five metric kinds.
    Metrics,
    /// Log records.
    Logs,
}

impl SignalKind {
    /// Every signal, in the order in which OTLP lists them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Returns the name as it stands in OTLP/HTTP paths: `traces`, `metrics`, `logs`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

impl fmt::Display for SignalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
