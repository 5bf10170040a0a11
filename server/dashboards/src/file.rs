//! Dashboards as TOML: read strictly, written so that people can go on editing.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Wrong, check, read};
pub use write::write;
