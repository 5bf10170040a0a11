//! Folds repetitions: leaf spans of one operation that follow each other under one parent become one line.
//!
//! A span that failed, has children, or has an event or a log stays by itself, so that folding never hides an error.

use telltale_api::trace::{SpanRow, TraceView};

use crate::limits::REPEATS;
use crate::outline::{Item, OutlineRow};
use crate::story::{display_name, is_error};

/// One line of a folded outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A row by itself.
    Row(OutlineRow),
    /// Rows of the same operation.
    Group(Group),
}

/// Spans of one operation that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// The row of the first of them.
    pub first: OutlineRow,
    /// How many.
    pub count: u32,
    /// Their lengths together, in nanoseconds.
    pub total_ns: i64,
    /// The longest of them, by length; its length.
    pub longest_ns: i64,
}

/// Folds the rows of an outline: [`REPEATS`] equal leaves in a row, or more, become a group.
#[must_use]
pub fn fold(view: &TraceView, rows: &[OutlineRow]) -> Vec<Line> {
    let mut out = Vec::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let run = run_length(view, rest);
        let (members, after) = rest.split_at_checked(run.max(1)).unwrap_or((rest, &[]));
        match group(view, *first, members) {
            Some(group) if group.count >= REPEATS => out.push(Line::Group(group)),
            _ => out.extend(members.iter().map(|row| Line::Row(*row))),
        }
        rest = after;
    }
    out
}

/// Counts the equal leaves at the beginning of `rows`.
fn run_length(view: &TraceView, rows: &[OutlineRow]) -> usize {
    let Some((first, span)) = rows.first().and_then(|first| Some((first, span_of(view, first)?))) else { return 1 };
    let name = display_name(span);
    let like_first = |(place, row): &(usize, &OutlineRow)| {
        let leaf = rows.get(place + 1).is_none_or(|next| next.depth <= row.depth);
        let same = |other: &SpanRow| other.service_name == span.service_name && display_name(other) == name;
        let span = span_of(view, row);
        row.owner == first.owner && leaf && span.is_some_and(|other| same(other) && !is_error(other))
    };
    rows.iter().enumerate().take_while(like_first).count()
}

fn span_of<'a>(view: &'a TraceView, row: &OutlineRow) -> Option<&'a SpanRow> {
    let Item::Span(at) = row.item else { return None };
    usize::try_from(at).ok().and_then(|at| view.spans.get(at))
}

fn group(view: &TraceView, first: OutlineRow, members: &[OutlineRow]) -> Option<Group> {
    let lengths = members.iter().filter_map(|row| span_of(view, row)).map(|span| span.duration_ns.0.max(0));
    let (total_ns, longest_ns) =
        lengths.fold((0_i64, 0), |(sum, longest), length| (sum.saturating_add(length), length.max(longest)));
    Some(Group { first, count: u32::try_from(members.len()).ok()?, total_ns, longest_ns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::outline;
    use crate::story::Analysis;
    use crate::testing::{log, span, view};

    fn folded(view: &TraceView) -> Vec<(String, u32)> {
        let lines = fold(view, &outline(view, &Analysis::new(view)));
        let name = |row: &OutlineRow| span_of(view, row).map_or("note".to_owned(), |span| span.name.clone());
        let told = lines.iter().map(|line| match line {
            Line::Row(row) => (name(row), 1),
            Line::Group(group) => (name(&group.first), group.count),
        });
        told.collect()
    }

    #[test]
    fn only_quiet_leaves_in_a_row_are_folded() {
        let mut spans = vec![span("root", 1, 0).ms(0, 1_000).row()];
        spans.extend((0..30).map(|at| span("SELECT", 10 + at, 1).ms(at * 10, 4).row()));
        spans[8].status_code = 2;
        let mut view = view(spans, vec![log(151, 9, "inside", "a", 25)]);
        view.spans[20].name = "other".into();
        let told: Vec<_> = folded(&view).into_iter().map(|(name, count)| format!("{name} {count}")).collect();
        let expected = [
            "root 1",
            "SELECT 7",
            "SELECT 1",
            "SELECT 7",
            "SELECT 1",
            "note 1",
            "SELECT 1",
            "SELECT 1",
            "SELECT 1",
            "other 1",
            "SELECT 10",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn every_row_is_in_one_line() {
        let spans: Vec<_> = (1..=200_000_u64).map(|id| span("x", id, u64::from(id > 1)).at(id, 1).row()).collect();
        let view = view(spans, vec![]);
        assert_eq!(folded(&view), [("x".to_owned(), 1), ("x".to_owned(), 199_999)]);
    }
}
