//! What `telltale-story` says: the one door through which the browser reaches the pure crate.

use telltale_api::story::Story;
use telltale_api::trace::TraceView;

/// A reading of a paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The spelling, in words.
    pub(crate) form: String,
    /// The id, as the store knows it.
    pub(crate) id: String,
    /// What else the spelling says.
    pub(crate) note: Option<String>,
}

/// Reads a paste, best reading first.
pub(crate) fn read(_paste: &str) -> Vec<Reading> {
    Vec::new()
}

/// Tells the story of a trace.
pub(crate) fn tell(_view: &TraceView) -> Option<Story> {
    None
}

/// Writes a story as Markdown.
pub(crate) fn markdown(story: &Story) -> String {
    story.title.clone()
}
