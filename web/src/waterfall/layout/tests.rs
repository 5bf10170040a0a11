//! The tree holds every span once, whatever the parents say.

use telltale_api::{Nanos, SignedNanos};

use super::*;

fn span(id: usize, parent: Option<usize>, start: u64, duration: i64) -> SpanRow {
    SpanRow {
        span_id: format!("{id:016x}"),
        parent_span_id: parent.map(|parent| format!("{parent:016x}")),
        name: format!("op-{id}"),
        start_unix_nano: Nanos(1_000 + start),
        duration_ns: SignedNanos(duration),
        service_name: Some("shop".into()),
        ..SpanRow::default()
    }
}

fn view(spans: Vec<SpanRow>) -> TraceView {
    TraceView { spans, ..TraceView::default() }
}

fn spans_in_order(waterfall: &Waterfall) -> Vec<usize> {
    let kinds = waterfall.nodes.iter().map(|node| &node.kind);
    kinds.filter_map(|kind| if let NodeKind::Span(span) = kind { Some(*span) } else { None }).collect()
}

/// A small generator of numbers, so that failures repeat.
fn numbers(mut seed: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    }
}

#[test]
fn every_span_has_exactly_one_row_for_any_parents() {
    for seed in 0..300 {
        let mut next = numbers(seed);
        let count = usize::try_from(next(40)).unwrap();
        let spans = (0..count)
            .map(|id| {
                let parent = next(3) > 0;
                // Parents may be later spans, the span itself, or nobody.
                let parent = parent.then(|| usize::try_from(next(50)).unwrap());
                let mut row = span(id, parent, next(100), i64::try_from(next(50)).unwrap());
                row.name = format!("op-{}", next(2));
                row.status_code = if next(6) == 0 { 2 } else { 0 };
                row
            })
            .collect();
        for grouped in [false, true] {
            let view = view(Clone::clone(&spans));
            let waterfall = Waterfall::new(&view, grouped);
            let mut seen = spans_in_order(&waterfall);
            seen.sort_unstable();
            assert_eq!(seen, (0..count).collect::<Vec<_>>(), "seed {seed}");
            for (row, node) in waterfall.nodes.iter().enumerate() {
                let below = &waterfall.nodes[row + 1..row + 1 + node.descendants];
                assert!(below.iter().all(|other| other.depth > node.depth), "seed {seed}");
                assert_eq!(
                    below.iter().filter(|other| other.parent == Some(row)).count(),
                    node.children,
                    "seed {seed}"
                );
            }
            let all_open = waterfall.nodes.iter().map(|node| (node.key, false)).collect();
            assert_eq!(waterfall.visible(&all_open).len(), waterfall.nodes.len(), "keys repeat: seed {seed}");
        }
    }
}

#[test]
fn a_missing_parent_is_named_above_its_children() {
    let waterfall =
        Waterfall::new(&view(vec![span(1, Some(9), 5, 5), span(2, Some(9), 7, 1), span(3, None, 0, 20)]), true);
    let kinds: Vec<&NodeKind> = waterfall.nodes.iter().map(|node| &node.kind).collect();
    assert_eq!(
        kinds,
        [&NodeKind::Missing(format!("{:016x}", 9)), &NodeKind::Span(0), &NodeKind::Span(1), &NodeKind::Span(2)]
    );
    assert_eq!(waterfall.nodes[1].depth, 1);
}

#[test]
fn a_chain_of_a_hundred_thousand_spans_needs_no_deep_stack() {
    let spans = (0..100_000).map(|id| span(id, id.checked_sub(1), 0, 10)).collect();
    let waterfall = Waterfall::new(&view(spans), true);
    assert_eq!(waterfall.nodes.len(), 100_000);
    assert_eq!(waterfall.nodes[99_999].depth, 99_999);
}

#[test]
fn repeats_become_one_folded_row_and_errors_stay_outside() {
    let mut spans = vec![span(0, None, 0, 100)];
    for id in 1..=12 {
        let mut row = span(id, Some(0), u64::try_from(id).unwrap(), 2);
        row.name = "SELECT stock".into();
        row.status_code = if id == 7 { 2 } else { 0 };
        spans.push(row);
    }
    let waterfall = Waterfall::new(&view(spans.clone()), true);
    let shown: Vec<NodeKind> =
        waterfall.visible(&HashMap::new()).iter().map(|row| waterfall.nodes[*row].kind.clone()).collect();
    assert_eq!(
        shown,
        [
            NodeKind::Span(0),
            NodeKind::Group { first: 1, count: 6, sum_ns: 12 },
            NodeKind::Span(7),
            NodeKind::Group { first: 8, count: 5, sum_ns: 10 },
        ]
    );
    assert_eq!(waterfall.nodes[waterfall.row_of_span[7]].depth, 1);
    assert_eq!(Waterfall::new(&view(spans), false).visible(&HashMap::new()).len(), 13);
}

#[test]
fn a_large_trace_starts_with_few_rows_and_the_way_to_its_error_open() {
    let mut spans: Vec<SpanRow> = vec![span(0, None, 0, 1_000)];
    for branch in 1..=20 {
        spans.push(span(branch, Some(0), 1, 900));
    }
    for leaf in 21..5_021 {
        spans.push(span(leaf, Some(leaf % 20 + 1), 2, 5));
    }
    spans[4_000].status_code = 2;
    let waterfall = Waterfall::new(&view(spans), true);
    let shown = waterfall.visible(&HashMap::new());
    assert!(shown.len() < 2 * OPEN_ROWS_MAX + 100, "{} rows", shown.len());
    assert!(shown.contains(&waterfall.row_of_span[4_000]));
}

#[test]
fn bars_stay_inside_the_drawing() {
    let waterfall = Waterfall::new(&view(vec![span(0, None, 0, 200), span(1, Some(0), 50, -5)]), true);
    assert_eq!(waterfall.duration_ns, 200);
    assert_eq!(waterfall.percent(50), 25.0);
    assert_eq!(waterfall.percent(-1), 0.0);
    assert_eq!(waterfall.percent(900), 100.0);
    assert_eq!(waterfall.nodes[1].duration_ns, 0);
}
