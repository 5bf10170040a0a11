//! Scenario: traces of several shapes, folded, bundled and filtered.
//! Guarantees: every span has its line unless something says why not; errors are never hidden in a bundle.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use telltale_api::trace::{SpanRow, TraceView};
use telltale_api::{Nanos, SignedNanos};
use telltale_story::pack::{Reader, Structure, write};
use telltale_story::story::Analysis;

use super::*;

fn span(name: &str, id: u64, parent: u64, start: u64) -> SpanRow {
    SpanRow {
        span_id: format!("{id:016x}"),
        parent_span_id: (parent > 0).then(|| format!("{parent:016x}")),
        name: name.to_owned(),
        service_name: Some("shop".to_owned()),
        start_unix_nano: Nanos(1_000 + start),
        duration_ns: SignedNanos(10),
        ..SpanRow::default()
    }
}

fn structure(spans: Vec<SpanRow>) -> Structure {
    let view = TraceView { trace_id: "0a".repeat(16), spans, ..TraceView::default() };
    let mut reader = Reader::new();
    let whole = reader.push(&write(&view, &Analysis::new(&view))).unwrap().unwrap();
    Structure::clone(&whole)
}

fn names(structure: &Structure, lines: &[Line]) -> Vec<String> {
    lines
        .iter()
        .map(|line| match line {
            Line::Row(row) => structure.name(*row).to_owned(),
            Line::Bundle(row) => format!("{}…", structure.name(*row)),
        })
        .collect()
}

fn repeats() -> Structure {
    let mut spans = vec![span("root", 1, 0, 0), span("first", 2, 1, 1)];
    spans.extend((0..6).map(|at| span("SELECT", 10 + at, 1, 10 + at)));
    let mut failed = span("SELECT", 20, 1, 20);
    failed.status_code = 2;
    spans.push(failed);
    spans.extend((0..4).map(|at| span("SELECT", 30 + at, 1, 30 + at)));
    structure(spans)
}

#[test]
fn five_equal_leaves_are_bundled_and_a_failed_one_stands_alone() {
    let trace = repeats();
    let layout = Layout::new(&trace);
    let lines = layout.lines(&trace.rows, Choice::default());
    let expected = ["root", "first", "SELECT…", "SELECT", "SELECT", "SELECT", "SELECT", "SELECT"];
    assert_eq!(names(&trace, &lines), expected);
    assert_eq!(layout.bundle(2), Some(Bundle { count: 6, sum_ns: 60, length_ns: 15 }));
    assert_eq!((layout.bundle_of(&trace.rows, 5), layout.bundle_of(&trace.rows, 8)), (Some(2), None));
    let flat = Choice { flat: true, ..Choice::default() };
    assert_eq!(layout.lines(&trace.rows, flat).len(), 13);
    let folds = HashMap::from([(layout.key(&trace.rows, Line::Bundle(2)), false)]);
    let open = Choice { folds: Some(&folds), ..Choice::default() };
    assert_eq!(layout.lines(&trace.rows, open).len(), 14);
    assert_eq!(layout.error_rows().collect::<Vec<_>>(), [8]);
    assert_eq!(layout.errors_below(&trace.rows, 0), 1);
}

#[test]
fn filters_keep_the_way_to_what_they_show() {
    let trace = repeats();
    let layout = Layout::new(&trace);
    let keep = with_ancestors(&trace.rows, layout.error_rows());
    let choice = Choice { keep: Some(&keep), ..Choice::default() };
    assert_eq!(layout.lines(&trace.rows, choice), [Line::Row(0), Line::Row(8)]);
    let rooted = Choice { root: Some(1), ..Choice::default() };
    assert_eq!(layout.lines(&trace.rows, rooted), [Line::Row(1)]);
}

#[test]
fn a_large_trace_opens_on_its_errors() {
    let mut spans = vec![span("root", 1, 0, 0)];
    for parent in 0..400_u64 {
        spans.push(span(&format!("step {parent}"), 1_000 + parent, 1, parent * 10));
        spans.push(span("inner", 5_000 + parent, 1_000 + parent, parent * 10 + 1));
    }
    let deep = spans.iter_mut().find(|span| span.span_id == format!("{:016x}", 5_399)).unwrap();
    deep.status_code = 2;
    let trace = structure(spans);
    let layout = Layout::new(&trace);
    let lines = layout.lines(&trace.rows, Choice::default());
    assert_eq!(lines.len(), 401, "the root always opens, nothing else fits");
    let mut spans = vec![span("root", 1, 0, 0)];
    for parent in 0..50_u64 {
        spans.push(span(&format!("step {parent}"), 1_000 + parent, 1, parent * 10));
        let children = (0..20_u64)
            .map(|at| span(&format!("inner {at}"), 5_000 + parent * 20 + at, 1_000 + parent, parent * 10 + 1));
        spans.extend(children);
    }
    spans.last_mut().unwrap().status_code = 2;
    let trace = structure(spans);
    let layout = Layout::new(&trace);
    let lines = layout.lines(&trace.rows, Choice::default());
    assert!(lines.len() <= FIRST_LINES, "{}", lines.len());
    let error = layout.error_rows().next().unwrap();
    assert!(lines.contains(&Line::Row(error)), "the way to the error is open");
}

proptest! {
    #[test]
    fn unfolded_and_flat_every_row_has_its_line(parents in proptest::collection::vec(0_u64..40, 1..120)) {
        let spans = parents.iter().zip(1_u64..).map(|(parent, id)| span("a", id, if *parent >= id { 0 } else { *parent }, id));
        let trace = structure(spans.collect());
        let layout = Layout::new(&trace);
        let all: Vec<Line> = (0..u32::try_from(trace.rows.len()).unwrap()).map(Line::Row).collect();
        prop_assert_eq!(layout.lines(&trace.rows, Choice { flat: true, ..Choice::default() }), all);
        let bundled = layout.lines(&trace.rows, Choice::default());
        let inside: u32 = bundled.iter().map(|line| match line {
            Line::Row(_) => 1,
            Line::Bundle(first) => layout.bundle(*first).unwrap().count,
        }).sum();
        prop_assert_eq!(usize::try_from(inside).unwrap(), trace.rows.len());
        let keys: HashSet<u64> = bundled.iter().map(|line| layout.key(&trace.rows, *line)).collect();
        prop_assert_eq!(keys.len(), bundled.len());
    }
}
