//! The geometry of the waterfall, without a browser: which lines there are, where ticks stand, which rows are in sight.

pub mod layout;
pub mod marks;
pub mod viewport;
