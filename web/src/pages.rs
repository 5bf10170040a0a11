//! The pages.

pub(crate) mod home;
pub(crate) mod not_found;
pub(crate) mod story;
