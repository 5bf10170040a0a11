//! The tree of spans with what happened inside each span: its events and logs, between its children by time.

use telltale_api::trace::TraceView;

use crate::story::{Analysis, positions};

/// What a line of the outline is; all numbers are positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A span.
    Span(u32),
    /// An event of a span: the span, the event inside it.
    Event(u32, u32),
    /// A log record.
    Log(u32),
}

/// One line of the outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutlineRow {
    /// What it is.
    pub item: Item,
    /// Levels from the left.
    pub depth: u32,
    /// The span right above: a span's parent, the span of an event or a log.
    pub owner: Option<u32>,
    /// When, nanoseconds since the Unix epoch; 0 when that was not recorded.
    pub time_unix_nano: u64,
}

/// Returns every span, event and log once: each span before what happened inside it, that by time. Logs of no span, or
/// of one that is not there, stand by time among the roots.
#[must_use]
pub fn outline(view: &TraceView, analysis: &Analysis) -> Vec<OutlineRow> {
    let notes = Notes::new(view);
    let mut out = Vec::new();
    let top = merge(view, analysis.tree.roots(), notes.of_no_span());
    let row = |(time_unix_nano, item), depth, owner| OutlineRow { item, depth, owner, time_unix_nano };
    let mut stack: Vec<OutlineRow> = top.into_iter().rev().map(|entry| row(entry, 0, None)).collect();
    while let Some(here) = stack.pop() {
        out.push(here);
        let Item::Span(at) = here.item else { continue };
        let below = merge(view, analysis.tree.children(at), notes.of_span(at)).into_iter().rev();
        stack.extend(below.map(|entry| row(entry, here.depth + 1, Some(at))));
    }
    out
}

/// Events and logs by the span that they belong to, each list by time.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// By span; those of no span stand at the end.
    by_span: Vec<Vec<(u64, Item)>>,
}

impl Notes {
    /// Gathers the notes of a trace.
    #[must_use]
    pub fn new(view: &TraceView) -> Self {
        let mut by_span: Vec<Vec<(u64, Item)>> = vec![Vec::new(); view.spans.len() + 1];
        for ((at, span), notes) in (0_u32..).zip(&view.spans).zip(&mut by_span) {
            let events = (0_u32..).zip(&span.events);
            notes.extend(events.map(|(index, event)| (event.time_unix_nano.0, Item::Event(at, index))));
        }
        let by_id = positions(view);
        for (index, log) in (0_u32..).zip(&view.logs) {
            let span = log.span_id.as_deref().and_then(|id| by_id.get(id)).and_then(|at| usize::try_from(*at).ok());
            if let Some(notes) = by_span.get_mut(span.unwrap_or(view.spans.len())) {
                notes.push((log.time_unix_nano.0, Item::Log(index)));
            }
        }
        for notes in &mut by_span {
            notes.sort_by_key(|(time, _item)| *time);
        }
        Self { by_span }
    }

    /// Returns the notes of a span with their times.
    #[must_use]
    pub fn of_span(&self, span: u32) -> &[(u64, Item)] {
        usize::try_from(span).ok().and_then(|span| self.by_span.get(span)).map_or(&[], Vec::as_slice)
    }

    /// Returns the logs of no span, or of one that is not there.
    #[must_use]
    pub fn of_no_span(&self) -> &[(u64, Item)] {
        self.by_span.last().map_or(&[], Vec::as_slice)
    }
}

/// Puts spans and notes in one list by time; spans first at the same moment.
fn merge(view: &TraceView, spans: &[u32], notes: &[(u64, Item)]) -> Vec<(u64, Item)> {
    let start =
        |at: &u32| usize::try_from(*at).ok().and_then(|at| view.spans.get(at)).map_or(0, |span| span.start_unix_nano.0);
    let mut out: Vec<(u64, Item)> = spans.iter().map(|at| (start(at), Item::Span(*at))).collect();
    if !notes.is_empty() {
        out.extend_from_slice(notes);
        out.sort_by_key(|(time, _item)| *time);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{log, span, view};

    #[test]
    fn notes_stand_inside_their_span_by_time() {
        let spans = vec![
            span("root", 1, 0).ms(0, 100).event(60, "retry", &[]).row(),
            span("first", 2, 1).ms(10, 20).row(),
            span("second", 3, 1).ms(70, 20).row(),
        ];
        let logs = vec![log(15, 9, "in first", "a", 2), log(30, 9, "in root", "a", 1), log(5, 9, "nowhere", "a", 77)];
        let view = view(spans, logs);
        let rows = outline(&view, &Analysis::new(&view));
        let told: Vec<_> = rows.iter().map(|row| (row.depth, row.item)).collect();
        assert_eq!(
            told,
            [
                (0, Item::Span(0)),
                (1, Item::Span(1)),
                (2, Item::Log(0)),
                (1, Item::Log(1)),
                (1, Item::Event(0, 0)),
                (1, Item::Span(2)),
                (0, Item::Log(2)),
            ]
        );
    }
}
