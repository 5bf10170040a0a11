//! Skeleton.
pub mod schema;
