//! The waterfall of a trace as plain numbers: who is below whom, what is folded, where bars and rows stand.
//!
//! Pure and tested natively; the component that draws it is [`crate::components`]'s.

pub mod layout;
pub mod marks;
pub mod viewport;

pub use layout::{Node, NodeKind, Waterfall};
