//! Charts of metrics: which question fits a metric, where its points lie, and which numbers stand at the axes. Pure.
//!
//! Sizes are in the units of the drawing's view box; the page scales it.

mod dashboard;
mod heat;
mod layout;
mod question;
mod scale;
#[cfg(test)]
mod tests;

pub use dashboard::{Line, Reduce, Section, bands, expand, legend, sections};
pub use heat::{Cell, Heat, heat_classic, heat_native};
pub use layout::Layout;
pub use question::{Kind, Question, heat_question, questions, step_seconds};
pub use scale::{Scale, Shown, Size, Unit, path, time_ticks, value_ticks};

/// Width of the drawing.
pub const WIDTH: f64 = 1000.0;
/// Height of the drawing.
pub const HEIGHT: f64 = 320.0;
/// Room for the numbers at the left.
pub const LEFT: f64 = 78.0;
/// Room for the times at the bottom.
pub const BOTTOM: f64 = 26.0;
/// Room above the highest value.
pub const TOP: f64 = 10.0;
/// Series that are drawn; the page says how many more there are.
pub const SERIES_MAX: usize = 24;
/// Metrics that the browser lists at once; the page says how many more there are.
pub const METRICS_MAX: usize = 200;
/// Exemplars that are drawn; the page says how many more there are.
pub const EXEMPLARS_MAX: usize = 200;
