//! The browser application of telltale.
//!
//! It asks the public HTTP API and nothing else; what happened is told by the server. The modules without a browser in
//! them ([`route`], [`search`], [`chart`], [`feed`], [`entries`], [`stats`], [`graph`], [`layers`], [`map`], [`red`], [`format`], [`palette`], [`waterfall`]) compile natively
//! and are tested there; the rest exists for wasm32 only.
//!
//! Telemetry is shown as text nodes, never as markup, and links lead only to our own pages.

pub mod chart;
pub mod entries;
pub mod feed;
pub mod format;
pub mod graph;
pub mod layers;
pub mod map;
pub mod palette;
pub mod pretty;
pub mod prometheus;
pub mod red;
pub mod route;
pub mod search;
pub mod shared;
pub mod stats;
pub mod strings;
pub mod waterfall;

#[cfg(target_arch = "wasm32")]
mod announce;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
pub mod areas;
#[cfg(target_arch = "wasm32")]
mod client;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod dom;
#[cfg(target_arch = "wasm32")]
mod event_stream;
#[cfg(target_arch = "wasm32")]
mod keys;
#[cfg(target_arch = "wasm32")]
mod live;
#[cfg(target_arch = "wasm32")]
mod nav;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod prefs;
#[cfg(target_arch = "wasm32")]
mod told;
