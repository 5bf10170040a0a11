//! What an acknowledgement promises.

/// When a request is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckMode {
    /// When it is on the disk.
    Fsync,
    /// When the operating system has it.
    Write,
}
