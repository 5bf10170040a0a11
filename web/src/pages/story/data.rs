//! A trace and what is computed from it once: its story, and who belongs to whom.

use std::collections::HashMap;

use telltale_api::story::Story;
use telltale_api::trace::{LogRow, SpanRow, TraceView};
use telltale_story::waterfall::Tick;

use crate::prefs::now_nanos;
use crate::told;

/// A loaded trace.
pub(crate) struct StoryData {
    /// What the server sent.
    pub(crate) view: TraceView,
    /// What happened.
    pub(crate) story: Story,
    /// Self time of each span, by position.
    pub(crate) self_times_ns: Vec<i64>,
    /// Pieces of the critical path by span: begin and end, nanoseconds since the Unix epoch.
    pub(crate) critical: HashMap<usize, Vec<(u64, u64)>>,
    /// Lines of the time axis.
    pub(crate) ticks: Vec<Tick>,
    /// When the last span or log arrived, by this browser's clock; 0 when the server does not say.
    pub(crate) arrived_nanos: u64,
    by_id: HashMap<String, usize>,
    logs_of: HashMap<String, Vec<usize>>,
}

impl StoryData {
    /// Computes the story of a trace.
    pub(crate) fn new(view: TraceView) -> Self {
        let mut by_id = HashMap::with_capacity(view.spans.len());
        for (index, span) in view.spans.iter().enumerate() {
            by_id.entry(span.span_id.clone()).or_insert(index);
        }
        let mut logs_of: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, log) in view.logs.iter().enumerate() {
            if let Some(span_id) = &log.span_id {
                logs_of.entry(span_id.clone()).or_default().push(index);
            }
        }
        // The server's clock may differ from this one: only the distance counts.
        let quiet = view.now_unix_nano.0.saturating_sub(view.last_ingest_unix_nano.0);
        let arrived_nanos = if view.last_ingest_unix_nano.0 == 0 { 0 } else { now_nanos().saturating_sub(quiet) };
        let told::Told { story, self_times_ns, critical, ticks } = told::tell(&view);
        Self { view, story, self_times_ns, critical, ticks, arrived_nanos, by_id, logs_of }
    }

    /// Returns a span's position.
    pub(crate) fn span_index(&self, span_id: &str) -> Option<usize> {
        self.by_id.get(span_id).copied()
    }

    /// Returns a span by its id.
    pub(crate) fn span(&self, span_id: &str) -> Option<(usize, &SpanRow)> {
        let index = self.span_index(span_id)?;
        Some((index, self.view.spans.get(index)?))
    }

    /// Returns the log records of a span with their positions, by time.
    pub(crate) fn logs_of(&self, span_id: &str) -> impl Iterator<Item = (usize, &LogRow)> {
        let indexes = self.logs_of.get(span_id).into_iter().flatten();
        indexes.filter_map(|index| Some((*index, self.view.logs.get(*index)?)))
    }
}
