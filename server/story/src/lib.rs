//! What a paste means and what happened in a request: pure functions for the server, the browser and files.
//!
//! * [`resolve`]: a paste → every trace id in it, in any spelling.
//! * [`tree`], [`self_time`], [`critical_path`], [`skew`]: what the spans of a trace say together.
//! * [`story`]: a trace → verdict, caveats, facts, shares of time, one merged list.
//! * [`plan`]: the query plan that a span recorded → one tree, whatever database printed it.
//! * [`outline`], [`group`], [`waterfall`], [`palette`]: rows, folded rows, bars, axes and colours of pages and texts.
//! * [`mod@diff`]: two traces, or a trace and what is usual, side by side.
//! * [`mod@format`]: durations, times, counts, and the whole story as text or Markdown.
//!
//! Deliberately absent: I/O, clocks, randomness, regular expressions. The same input gives the same output everywhere,
//! and everything is iterative, so that a strange trace costs time like a plain one of its size.

pub mod critical_path;
pub mod diff;
pub mod format;
pub mod group;
pub mod limits;
pub mod outline;
pub mod pack;
pub mod palette;
pub mod plan;
pub mod resolve;
pub mod self_time;
pub mod skew;
pub mod story;
pub mod tree;
pub mod waterfall;

#[cfg(test)]
mod literate;
#[cfg(test)]
mod testing;
