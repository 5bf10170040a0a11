//! The trace pack: one trace in columns, small enough that a browser draws a hundred thousand spans at once.
//!
//! What is needed to draw comes first ([`Structure`]), in the order of the rows; attributes, events and bodies follow in
//! blocks ([`Details`]) that are read only where somebody looks. `PACK.md` beside this crate has every byte. Not for
//! storage: the format serves one version of the page.

mod bytes;
mod details;
mod find;
mod read;
mod structure;
mod write;

#[cfg(test)]
mod tests;

pub use details::Details;
pub use find::Found;
pub use read::{PackError, Reader};
pub use structure::{Events, Logs, Meta, PathPiece, Rows, Structure};
pub use write::{RowSpan, write, write_end, write_log_block, write_span_block, write_structure};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.telltale.pack";

/// First bytes of a pack.
pub const MAGIC: &[u8; 16] = b"telltale pack 1\n";

/// Rows in a block of details.
pub const SPAN_BLOCK_ROWS: usize = 2_048;

/// Records in a block of details.
pub const LOG_BLOCK_ROWS: usize = 1_024;

/// Ids of the sections.
mod section {
    pub(super) const META: u8 = 1;
    pub(super) const TEXTS: u8 = 2;
    pub(super) const ROWS: u8 = 3;
    pub(super) const PATH: u8 = 4;
    pub(super) const EVENTS: u8 = 5;
    pub(super) const LOGS: u8 = 6;
    pub(super) const EXEMPLARS: u8 = 7;
    pub(super) const ENVELOPES: u8 = 8;
    pub(super) const SPAN_BLOCK: u8 = 16;
    pub(super) const LOG_BLOCK: u8 = 17;
    pub(super) const END: u8 = 255;
}

/// Flags of a row.
mod flag {
    pub(super) const KIND: u8 = 7;
    pub(super) const ERROR: u8 = 8;
    pub(super) const MISSING: u8 = 16;
    pub(super) const LINKS: u8 = 32;
    pub(super) const CUT: u8 = 64;
}
