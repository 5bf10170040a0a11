//! The story as text: for terminals, for tickets, and the pieces (durations, times, counts) that pages use too.
//!
//! Telemetry is text from anywhere: every writer here escapes control characters, terminal sequences and markup, and
//! shows that it shortened something. Nothing depends on a locale.

mod diff;
pub mod duration;
pub mod escape;
mod findings;
mod markdown;
pub mod number;
mod text;
pub mod time;
pub mod wrap;

pub use diff::{diff_markdown, diff_text};
pub use duration::{duration, offset};
pub use markdown::{facts_markdown, markdown};
pub use text::text;
pub use time::date_time;
