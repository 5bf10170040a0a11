//! The browser application of telltale.
//!
//! It asks the public HTTP API and nothing else, and computes the story with the same crate as the server. The modules
//! without a browser in them ([`route`], [`feed`], [`find`], [`format`],
//! [`palette`], [`waterfall`]) compile natively and are tested there; the rest exists
//! for wasm32 only.

pub mod feed;
pub mod find;
pub mod format;
pub mod palette;
pub mod route;
pub mod waterfall;
