//! Which colour a service has: telltale-story decides, so that every view and every exported page agree.

pub use telltale_story::palette::*;
