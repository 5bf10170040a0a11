//! What `telltale-story` says: the one door through which the browser reaches the pure crate.

use std::collections::HashMap;

use telltale_api::story::Story;
use telltale_api::trace::TraceView;
use telltale_story::critical_path::critical_path;
use telltale_story::story::{Analysis, FactConfig, tell_analysed};
use telltale_story::waterfall::{Tick, Window};

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
    /// Lines of the time axis.
    pub(crate) ticks: Vec<Tick>,
}

/// Tells the story of a trace.
pub(crate) fn tell(view: &TraceView) -> Told {
    let analysis = Analysis::new(view);
    let mut critical: HashMap<usize, Vec<(u64, u64)>> = HashMap::new();
    if let Some(root) = analysis.root {
        for piece in critical_path(&view.spans, &analysis.tree, root) {
            if let Ok(span) = usize::try_from(piece.span) {
                critical.entry(span).or_default().push((piece.start_unix_nano, piece.end_unix_nano));
            }
        }
    }
    let story = tell_analysed(view, &analysis, &FactConfig::default());
    let ticks = Window::whole(&analysis).ticks(analysis.start_unix_nano);
    Told { story, self_times_ns: analysis.self_times_ns, critical, ticks }
}

/// Writes a story as Markdown.
pub(crate) fn markdown(story: &Story, view: &TraceView) -> String {
    telltale_story::format::markdown(story, view)
}
