//! What only the server finds: gaps, repetitions, unusual spans, plans; and the chips that read OTLP's flags.

use telltale_api::story::Gap;
use telltale_api::trace::SpanRow;
use telltale_model::DurationSketch;

use super::*;
use crate::testing::{log, span, view};

fn full(spans: Vec<SpanRow>) -> Story {
    tell_in_full(&view(spans, vec![]), &FactConfig::default(), &Baselines::default())
}

fn kinds(gaps: &[Gap]) -> Vec<(&str, i64)> {
    gaps.iter().map(|gap| (gap.kind.as_str(), gap.duration_ns.0 / 1_000_000)).collect()
}

fn flagged(mut row: SpanRow, flags: u32) -> SpanRow {
    row.flags = flags;
    row
}

#[test]
fn gaps_are_named_by_what_stands_around_them() {
    let spans = vec![
        span("POST /orders", 1, 0).service("shop").kind(2).ms(0, 1_000).row(),
        span("SELECT stock", 2, 1).service("shop").kind(3).ms(150, 50).row(),
        span("POST", 3, 1).service("shop").kind(3).ms(320, 460).row(),
        span("charge", 4, 3).service("payments").kind(2).ms(440, 200).row(),
    ];
    let found = tell_in_full(
        &view(spans, vec![log(50, 9, "thinking", "shop", 1)]),
        &FactConfig::default(),
        &Baselines::default(),
    );
    assert_eq!(kinds(&found.gaps), [("after", 220), ("before", 150), ("back", 140), ("between", 120), ("to", 120)]);
    let texts: Vec<&str> = found.gaps.iter().map(|gap| gap.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "220 ms in shop › POST /orders after its last call, POST",
            "150 ms in shop › POST /orders before its first call, SELECT stock; a log record or event in it",
            "140 ms on the way back from payments › charge to shop › POST",
            "120 ms in shop › POST /orders between SELECT stock and POST",
            "120 ms on the way from shop › POST to payments › charge: network, queue or connection",
        ]
    );
    assert_eq!(found.gaps[0].share_permille, 220);
}

#[test]
fn a_message_that_waited_is_a_gap_and_time_behind_which_work_ran_is_none() {
    let spans = vec![
        span("POST /orders", 1, 0).service("shop").kind(2).ms(0, 1_000).row(),
        span("orders publish", 2, 1).service("shop").kind(4).ms(1, 4).row(),
        span("orders process", 3, 2).service("worker").kind(5).ms(305, 690).row(),
    ];
    let found = full(spans);
    assert_eq!(kinds(&found.gaps), [("after", 305), ("queue", 300)], "{:#?}", found.gaps);
    assert_eq!(found.gaps[1].text, "300 ms in the queue between shop › orders publish and worker › orders process");
}

#[test]
fn calls_one_after_another_are_n_plus_one_and_calls_at_once_are_not() {
    let calls = |step: u64| {
        let mut spans = vec![span("GET /cart", 1, 0).service("shop").ms(0, 500).row()];
        spans
            .extend((0..10).map(|at| span("SELECT stock", 10 + at, 1).service("shop").kind(3).ms(at * step, 20).row()));
        full(spans)
    };
    let after = calls(30);
    assert_eq!((after.repeats.len(), after.repeats[0].count, after.repeats[0].is_n_plus_one), (1, 10, true));
    assert_eq!(
        after.repeats[0].text,
        "under shop › GET /cart, SELECT stock ran 10 times one after another, 200 ms in all"
    );
    assert!(after.chips.iter().any(|chip| chip.code == "n_plus_one"), "{:?}", after.chips);
    let at_once = calls(1);
    assert!(!at_once.repeats[0].is_n_plus_one && at_once.chips.iter().all(|chip| chip.code != "n_plus_one"));
}

#[test]
fn a_span_is_unusual_by_enough_samples_and_far_enough() {
    let with = |samples: u64, length: i64| {
        let mut sketch = DurationSketch::default();
        (0..samples).for_each(|_at| sketch.add(20_000_000));
        let operations = [((Some("pay".to_owned()), "charge".to_owned()), sketch)].into_iter().collect();
        let spans = vec![span("charge", 1, 0).service("pay").ms(0, length).row()];
        tell_in_full(&view(spans, vec![]), &FactConfig::default(), &Baselines { operations })
    };
    let story = with(400, 500);
    assert_eq!(
        story.unusual[0].text,
        "pay › charge took 500 ms, 24 times as long as usual: of 400 half take no more than 20.4 ms, 95 % no more than 20.4 ms"
    );
    assert_eq!(
        (story.usual.len(), story.usual[0].count, story.chips.last().unwrap().code.as_str()),
        (1, 400, "unusual")
    );
    assert_eq!(with(19, 500).unusual, [], "too few to compare with");
    assert_eq!(with(400, 30).unusual, [], "not far off");
}

#[test]
fn plans_among_the_facts_are_read_and_bounded() {
    let plan = |id: u64| format!("Seq Scan on t{id}  (cost=0.00..9.00 rows=1 width=1)");
    let spans = (1..=30).map(|id| span("q", id, 0).with("db.query.plan", &plan(id)).row()).collect();
    let story = full(spans);
    assert_eq!(story.plans.len(), STORY_PLANS.min(crate::limits::FACT_VALUES));
    assert_eq!(
        (story.plans[0].plan.format.as_str(), story.plans[0].span_id.as_deref()),
        ("postgresql", Some("0000000000000001"))
    );
}

#[test]
fn flags_tell_where_a_missing_parent_ran_and_who_did_not_sample() {
    let orphan = |flags: u32| {
        let spans = vec![flagged(span("x", 1, 0).row(), 0x101), flagged(span("y", 2, 99).ms(1, 1).row(), flags)];
        let story = full(spans);
        let chip = |code: &str| story.chips.iter().find(|chip| chip.code == code).map(|chip| chip.text.clone());
        (chip("missing_parent").unwrap(), chip("not_sampled"))
    };
    let (remote, sampled) = orphan(0x301);
    assert!(remote.contains("it ran in another process") && sampled.is_none(), "{remote} {sampled:?}");
    let (local, _) = orphan(0x101);
    assert!(local.contains("it ran in the same process"), "{local}");
    let (_, off) = orphan(0x300);
    let off = off.unwrap();
    assert!(off.starts_with("not sampled upstream: 1 span of 2 came with flags 00"), "{off}");
    // As Python's exporter sends them: nothing is known of sampling.
    let silent = full(vec![flagged(span("x", 1, 0).row(), 0x100), flagged(span("x", 2, 1).row(), 0x100)]);
    assert!(silent.chips.iter().all(|chip| chip.code != "not_sampled"), "{:?}", silent.chips);
}

#[test]
fn a_large_trace_is_told_in_full() {
    const SPANS: u64 = 100_000;
    let star: Vec<SpanRow> = (1..=SPANS)
        .map(|id| {
            span("leaf", id, u64::from(id > 1)).service("b").at(id, if id == 1 { 300_000_000 } else { 900 }).row()
        })
        .collect();
    let handed: Vec<SpanRow> = (1..=SPANS)
        .map(|id| span("step", id, id / 2).service("c").at(id, 1_000_000 + i64::try_from(id).unwrap()).row())
        .collect();
    for spans in [star, handed] {
        let story = full(spans);
        assert!(story.gaps.len() <= crate::limits::GAPS && story.repeats.len() <= crate::limits::REPEATS_TOLD);
    }
}
