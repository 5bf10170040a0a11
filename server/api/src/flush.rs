//! `POST /api/flush`.

use serde::{Deserialize, Serialize};

/// The barrier was passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlushAnswer {
    /// Number of the newest export request that was acknowledged when the call began; 0 for none. Everything up to it
    /// is queryable.
    pub last_lsn: u64,
    /// Whether everything up to it is also in segments.
    pub durable: bool,
}
