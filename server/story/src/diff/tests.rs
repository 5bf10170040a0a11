//! Comparisons of traces that are built by hand, and what holds for any two.

use proptest::prelude::*;
use telltale_api::trace::{ResourceView, SpanRow};

use super::*;
use crate::format::{diff_markdown, diff_text};
use crate::story::{Baselines, tell_in_full};
use crate::testing::{attribute, log, span, view};

fn told(id: u8, spans: Vec<SpanRow>, logs: Vec<telltale_api::trace::LogRow>, versions: &[(&str, &str)]) -> Told {
    let mut view = view(spans, logs);
    view.trace_id = format!("{id:02x}").repeat(16);
    view.resources = vec![ResourceView {
        attributes: versions.iter().map(|(key, value)| attribute(key, value)).collect(),
        ..ResourceView::default()
    }];
    let story = tell_in_full(&view, &FactConfig::default(), &Baselines::default());
    Told { view, story }
}

fn compare(a: &[Told], b: &[Told]) -> TraceDiff {
    let side = |traces| Side { traces, is_baseline: false };
    diff(side(a), Side { ..side(b) }, &FactConfig::default()).unwrap()
}

fn changes(diff: &TraceDiff) -> Vec<(u32, &str, &str)> {
    diff.rows.iter().map(|row| (row.depth, row.name.as_str(), row.change.as_str())).collect()
}

const PLAN_INDEX: &str = "Index Scan using by_user on orders  (cost=0.00..8.00 rows=1 width=1)";
const PLAN_SEQ: &str = "Seq Scan on orders  (cost=0.00..900.00 rows=1 width=1)";

fn healthy() -> Told {
    let spans = vec![
        span("GET /orders/17", 1, 0).service("shop").kind(2).ms(0, 100).with("http.response.status_code", "200").row(),
        span("SELECT orders", 2, 1)
            .service("shop")
            .kind(3)
            .ms(10, 20)
            .with("db.query.plan", PLAN_INDEX)
            .with("thread.id", "7")
            .row(),
        span("cache get", 3, 1).service("shop").kind(3).ms(40, 5).row(),
    ];
    told(
        1,
        spans,
        vec![log(5, 9, "order 17 asked for", "shop", 1), log(6, 9, "cache hit", "shop", 1)],
        &[("service.version", "1.8.2")],
    )
}

fn sick() -> Told {
    let spans = vec![
        span("GET /orders/42", 1, 0)
            .service("shop")
            .kind(2)
            .ms(0, 900)
            .error("")
            .with("http.response.status_code", "500")
            .row(),
        span("SELECT orders", 2, 1)
            .service("shop")
            .kind(3)
            .ms(10, 700)
            .with("db.query.plan", PLAN_SEQ)
            .with("thread.id", "8")
            .row(),
        span("POST /retry", 4, 1).service("shop").kind(3).ms(720, 90).error("no").row(),
    ];
    told(
        2,
        spans,
        vec![log(5, 9, "order 42 asked for", "shop", 1), log(800, 17, "gave up after 3 tries", "shop", 1)],
        &[("service.version", "1.9.0")],
    )
}

/// Scenario: an order that works and one that does not. Guarantees: numbers in names match, and what differs is told once:
/// times, calls of one side, version, plan, logs.
#[test]
fn two_requests_are_compared_by_what_they_did() {
    let found = compare(&[healthy()], &[sick()]);
    assert_eq!(
        changes(&found),
        [
            (0, "GET /orders/*", "slower"),
            (1, "SELECT orders", "slower"),
            (1, "cache get", "removed"),
            (1, "POST /retry", "added")
        ]
    );
    assert_eq!(
        found.sentences,
        [
            "02020202 took 900 ms, 800 ms longer than 01010101 (100 ms).",
            "01010101 succeeded with 200, 02020202 failed with 500.",
            "The largest difference is in shop › SELECT orders itself: 680 ms more, 700 ms instead of 20.0 ms.",
            "service.version of shop: 1.8.2 became 1.9.0.",
            "The query plan of shop › SELECT orders changed: Index Scan on orders using by_user became Seq Scan on orders.",
            "1 operation is only in 02020202: shop › POST /retry.",
            "1 operation is only in 01010101: shop › cache get.",
            "Only 02020202 logged ERROR “shop › gave up after 3 tries”, and 1 further line differ.",
        ]
    );
    let select = &found.rows[1];
    assert_eq!((select.delta_ns.0, select.a.as_ref().unwrap().count), (680_000_000, 1));
    assert!(select.attributes.iter().all(|change| change.key != "thread.id"), "{:?}", select.attributes);
    assert_eq!((found.plans.len(), found.plans[0].b.nodes.len()), (1, 1));
    let texts: Vec<&str> = found.logs.iter().map(|log| log.text.as_str()).collect();
    assert_eq!(texts, ["gave up after 3 tries", "cache hit"], "lines that differ in numbers alone are the same");
}

#[test]
fn a_request_and_itself_do_not_differ() {
    let one = [healthy()];
    let found = compare(&one, &one);
    assert!(found.rows.iter().all(|row| row.change == "same") && found.facts.is_empty() && found.logs.is_empty());
    assert_eq!(found.sentences, ["01010101 and 01010101 both took 100 ms.", "Nothing else of note differs."]);
}

/// Scenario: five usual requests, one of which had an odd call. Guarantees: the middle counts, what few have is not usual,
/// and a fact is told only when none of the usual values came.
#[test]
fn a_request_is_compared_with_what_is_usual() {
    let usual: Vec<Told> = (0..5_u8)
        .map(|at| {
            let mut spans = vec![
                span("GET /", 1, 0).service("shop").ms(0, 100 + i64::from(at)).row(),
                span("load", 2, 1).service("shop").ms(1, 50).row(),
            ];
            if at == 0 {
                spans.push(span("odd", 3, 1).service("shop").ms(60, 10).row());
            }
            told(at, spans, vec![], &[("service.version", if at < 2 { "1" } else { "2" })])
        })
        .collect();
    let subject = [told(
        9,
        vec![span("GET /", 1, 0).service("shop").ms(0, 500).row(), span("load", 2, 1).service("shop").ms(1, 51).row()],
        vec![],
        &[("service.version", "2")],
    )];
    let side = Side { traces: &usual, is_baseline: true };
    let found = diff(side, Side { traces: &subject, is_baseline: false }, &FactConfig::default()).unwrap();
    assert_eq!(changes(&found), [(0, "GET /", "slower"), (1, "load", "same")]);
    assert_eq!((found.a.duration_ns.0, found.rows[1].a.as_ref().unwrap().trace_count), (102_000_000, 5));
    assert_eq!(found.facts, [], "version 2 is one of the usual ones");
    assert!(found.sentences[0].contains("longer than the usual (5 traces) (102 ms)"), "{:?}", found.sentences);
    assert!(diff(Side { traces: &[], is_baseline: true }, side, &FactConfig::default()).is_none());
}

#[test]
fn texts_are_narrow_and_harmless() {
    let mut bad = sick();
    bad.view.spans[1].name = "evil \u{1b}[31m `code` <b>".into();
    let found = compare(&[healthy()], &[bad]);
    let text = diff_text(&found);
    assert!(text.lines().all(|line| line.chars().count() <= crate::limits::TEXT_WIDTH), "{text}");
    assert!(!text.contains('\u{1b}') && !diff_markdown(&found).contains('\u{1b}'), "{text}");
    assert!(text.contains("Operations that differ") && text.contains("+ ERROR shop › gave up"), "{text}");
}

#[test]
fn large_and_deep_traces_are_compared_and_bounded() {
    const SPANS: u64 = 50_000;
    let chain = |id: u8| {
        let spans = (1..=SPANS).map(|id| span("step", id, id - 1).service("a").at(id, 1_000).row()).collect();
        told(id, spans, vec![], &[])
    };
    let found = compare(&[chain(1)], &[chain(2)]);
    assert_eq!(u64::try_from(found.rows.len()).unwrap() + found.rows_left_out, SPANS);
    assert_eq!(found.rows.len(), DIFF_ROWS);
    let star = (1..=SPANS).map(|id| span("leaf", id, u64::from(id > 1)).service("a").at(id, 10).row()).collect();
    assert_eq!(compare(&[told(1, star, vec![], &[])], &[chain(2)]).rows[0].change, "removed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Every span of either side is counted in exactly one row, rows make a tree, and exchanging the sides exchanges them.
    #[test]
    fn every_span_is_in_one_row(
        a in prop::collection::vec((0_usize..6, 0_u64..9, 0_u64..50, 1_i64..40), 1..25),
        b in prop::collection::vec((0_usize..6, 0_u64..9, 0_u64..50, 1_i64..40), 1..25),
    ) {
        let build = |id: u8, rows: &[(usize, u64, u64, i64)]| {
            let names = ["a", "b", "c 1", "c 2", "d", "e"];
            let spans = (1..).zip(rows).map(|(id, (name, parent, start, length))| {
                span(names[*name], id, parent % id).service("s").ms(*start, *length).row()
            });
            told(id, spans.collect(), vec![], &[])
        };
        let (left, right) = ([build(1, &a)], [build(2, &b)]);
        let (there, back) = (compare(&left, &right), compare(&right, &left));
        let total = |diff: &TraceDiff, side: fn(&DiffRow) -> Option<&DiffCell>| -> u64 { diff.rows.iter().filter_map(side).map(|cell| cell.count).sum() };
        prop_assert_eq!(total(&there, |row| row.a.as_ref()), u64::try_from(a.len()).unwrap());
        prop_assert_eq!(total(&there, |row| row.b.as_ref()), u64::try_from(b.len()).unwrap());
        prop_assert!(there.rows.windows(2).all(|pair| pair[1].depth <= pair[0].depth + 1));
        let count = |diff: &TraceDiff, change: &str| diff.rows.iter().filter(|row| row.change == change).count();
        for (one, other) in [("added", "removed"), ("removed", "added"), ("slower", "faster"), ("same", "same")] {
            prop_assert_eq!(count(&there, one), count(&back, other), "{}", one);
        }
    }
}
