//! Scenario: a run and the same run with one thing changed. Guarantees: that thing is told, and nothing else.

use telltale_model::span::SpanKind;

use super::*;
use crate::observed::tests::{log, sample, span, strings};

fn many(ms: impl Fn(i64) -> i64) -> Observed {
    let spans = (0..20_u64).map(|id| span(id + 1, None, "shop", SpanKind::Server, "GET /", ms(id.cast_signed())));
    Observed { spans: spans.collect(), ..Observed::default() }
}

#[test]
fn a_run_compared_with_itself_has_no_difference() {
    let diff = compare(&sample(), &sample());
    assert!(diff.new_errors.is_empty() && diff.gone_errors.is_empty() && diff.schema.is_empty());
    assert_eq!(diff.slower().count() + diff.more_queries().count(), 0);
    assert_eq!(text(&diff, "a", "b"), "a → b\nno difference beyond chance\n");
}

#[test]
fn slower_beyond_chance_is_told_with_how_sure_it_is() {
    let diff = compare(&many(|n| 100 + n), &many(|n| 150 + n));
    let told = text(&diff, "before", "after");
    assert!(
        told.contains("server \"GET /\" of shop: slower: median 160 ms instead of 110 ms (+45%; p < 0.001, Mann-Whitney, 20 against 20 spans)"),
        "{told}"
    );
    let noise = compare(&many(|n| 100 + n * 7 % 20), &many(|n| 101 + n * 3 % 20));
    assert_eq!(noise.operations[0].speed, Speed::Same);
    assert_eq!(compare(&sample(), &sample()).operations[0].speed, Speed::TooFew);
}

#[test]
fn new_errors_and_more_queries_are_told() {
    let mut after = sample();
    after.logs.push(log(None, "shop", 17, "order 99 lost"));
    for id in 20..25 {
        let mut select = span(id, Some(1), "shop", SpanKind::Client, "SELECT stock", 1);
        select.attributes = strings(&[("db.system.name", "sqlite")]);
        after.spans.push(select);
    }
    let diff = compare(&sample(), &after);
    let told = text(&diff, "a", "b");
    assert!(told.contains("new error: 1× shop log: order * lost"), "{told}");
    assert!(told.contains("server \"POST /orders\" of shop: 8 database calls beneath one instead of 3"), "{told}");
    let back = text(&compare(&after, &sample()), "b", "a");
    assert!(back.contains("error gone: 1× shop log: order * lost"), "{back}");
}
