//! What `telltale-story` says: the one door through which the browser reaches the pure crate.

use std::collections::HashMap;

use telltale_api::story::{Counts, Outcome, Story};
use telltale_api::trace::TraceView;
use telltale_api::{Nanos, SignedNanos};
use telltale_story::critical_path::critical_path;
use telltale_story::self_time::self_times;
use telltale_story::tree::Tree;

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
pub(crate) fn read(paste: &str) -> Vec<Reading> {
    let candidates = telltale_story::resolve::parse(paste).into_iter();
    let readings = candidates.map(|candidate| Reading {
        form: candidate.form.label().to_owned(),
        id: candidate.key.to_string(),
        note: candidate.note,
    });
    readings.collect()
}

/// What is computed from a trace.
pub(crate) struct Told {
    /// What happened.
    pub(crate) story: Story,
    /// Self time of each span, by position.
    pub(crate) self_times_ns: Vec<i64>,
    /// Pieces of the critical path by span: begin and end, nanoseconds since the Unix epoch.
    pub(crate) critical: HashMap<usize, Vec<(u64, u64)>>,
}

/// Tells the story of a trace.
pub(crate) fn tell(view: &TraceView) -> Told {
    let tree = Tree::build(&view.spans);
    let mut critical: HashMap<usize, Vec<(u64, u64)>> = HashMap::new();
    if let Some(root) = tree.main_root() {
        for piece in critical_path(&view.spans, &tree, root) {
            if let Ok(span) = usize::try_from(piece.span) {
                critical.entry(span).or_default().push((piece.start_unix_nano, piece.end_unix_nano));
            }
        }
    }
    Told { story: story(view), self_times_ns: self_times(&view.spans, &tree), critical }
}

fn story(view: &TraceView) -> Story {
    Story {
        trace_id: view.trace_id.clone(),
        title: view.spans.first().map(|s| s.name.clone()).unwrap_or_default(),
        outcome: Outcome::Unknown,
        status: None,
        verdict: Vec::new(),
        start_unix_nano: Nanos(0),
        duration_ns: SignedNanos(0),
        counts: Counts::default(),
        chips: Vec::new(),
        facts: Vec::new(),
        time_by_service: Vec::new(),
        time_by_operation: Vec::new(),
        entries: Vec::new(),
    }
}

/// Writes a story as Markdown.
pub(crate) fn markdown(story: &Story) -> String {
    story.title.clone()
}
