//! Scenario: series of Prometheus senders (remote write, scrapes), in any order, with staleness markers, NaNs, native histograms and
//! doubles, flushed at any point. Guarantees: labels, values and markers come back exactly; the newest of two samples of one time holds;
//! every selection is what a plain filter over all samples gives.

use proptest::prelude::*;
use telltale_prometheus::{NativeHistogram, Series, otlp};
use telltale_promql::MatchOp;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Send(Vec<Series>),
    Flush,
}

fn any_series() -> impl Strategy<Value = Series> {
    let labels = prop::collection::btree_map(
        prop_oneof![Just("job"), Just("instance"), Just("le"), Just("service_name"), Just("a.b")]
            .prop_map(str::to_owned),
        prop_oneof![Just("1"), Just("a/b"), Just("x")].prop_map(str::to_owned),
        0..4,
    );
    let value = prop_oneof![
        3 => -5.0..5.0_f64,
        1 => Just(f64::INFINITY),
        1 => Just(f64::from_bits(telltale_promql::STALE_NAN_BITS)),
        1 => Just(f64::from_bits(0x7ff8_0000_0000_0001)),
    ];
    let samples = prop::collection::vec((1_i64..60, value), 1..6);
    (prop_oneof![Just("m"), Just("m_bucket"), Just("x.y")], labels, samples).prop_map(|(name, labels, samples)| {
        let mut labels: Vec<_> = labels.into_iter().collect();
        labels.push(("__name__".to_owned(), name.to_owned()));
        let mut by_time: BTreeMap<i64, f64> = BTreeMap::new();
        by_time.extend(samples);
        Series { labels, samples: by_time.into_iter().collect(), ..Series::default() }.checked().unwrap()
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let send = prop::collection::vec(any_series(), 1..4).prop_map(Step::Send);
    prop::collection::vec(prop_oneof![4 => send, 1 => Just(Step::Flush)], 1..8)
}

fn matchers() -> impl Strategy<Value = Vec<Matcher>> {
    let name = prop_oneof![Just("__name__"), Just("job"), Just("le"), Just("a.b"), Just("none")];
    let op = prop_oneof![Just(MatchOp::Equal), Just(MatchOp::NotEqual), Just(MatchOp::Regex), Just(MatchOp::NotRegex)];
    let value = prop_oneof![Just(""), Just("m"), Just("x"), Just("m.*"), Just("1|x"), Just("x.y"), Just(".+")];
    let one = (name, op, value).prop_map(|(name, op, value)| matcher(name, op, value));
    prop::collection::vec(one, 0..3)
}

/// As in the product, and so small that a series is a chunk of its own and segments are opened again and again.
fn read_limits() -> impl Strategy<Value = ReadLimits> {
    let small = (1_u64..12, 0_usize..4).prop_map(|(chunk_rows, lanes_open)| ReadLimits { chunk_rows, lanes_open });
    prop_oneof![Just(ReadLimits::default()), small]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_was_written_is_selected_exactly(
        steps in steps(),
        matchers in matchers(),
        start in 0_i64..60,
        length in 0_i64..60,
        limits in read_limits(),
    ) {
        let store = Store { limits, ..Store::new() };
        let mut all: BTreeMap<Labels, BTreeMap<i64, f64>> = BTreeMap::new();
        for step in steps {
            let Step::Send(series) = step else {
                store.flush();
                continue;
            };
            let request = otlp::request(series.clone());
            store.send(&request);
            for series in in_order_of_request(series) {
                let labels = Labels::from_pairs(series.labels);
                all.entry(labels).or_default().extend(series.samples);
            }
        }
        let window = start..=start + length;
        let mut expected = Found::new();
        for (labels, samples) in &all {
            let samples: Vec<_> =
                samples.iter().filter(|(time, _)| window.contains(time)).map(|(time, value)| (*time, text(*value))).collect();
            if !samples.is_empty() && matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name))) {
                expected.insert(labels.to_string(), samples);
            }
        }
        prop_assert_eq!(store.select(&matchers, start, start + length), expected.clone());
        let listed = store.view().series(std::slice::from_ref(&matchers), start, start + length).unwrap();
        // A list may name a series whose run of rows overlaps the time without a sample in it, never leave one out.
        for labels in expected.keys() {
            prop_assert!(listed.iter().any(|listed| listed.to_string() == *labels), "{labels} is not among {listed:?}");
        }
        let names = store.view().label_names(&[matchers], start, start + length).unwrap();
        for labels in &listed {
            prop_assert!(labels.iter().all(|(name, _)| names.contains(name)));
        }
    }
}

/// Series in the order in which their points stand in a request: by resource, then by metric; the sort is stable.
fn in_order_of_request(mut series: Vec<Series>) -> Vec<Series> {
    let key = |series: &Series| {
        let label = |name| series.label(name).unwrap_or_default().to_owned();
        (label("job"), label("instance"), label("__name__"))
    };
    series.sort_by_key(key);
    series
}

#[test]
fn native_histograms_and_their_ends_come_back() {
    let store = Store::new();
    let labels = vec![("__name__".to_owned(), "h".to_owned()), ("job".to_owned(), "j".to_owned())];
    let histogram = |timestamp_ms, sum, is_gauge| NativeHistogram {
        timestamp_ms,
        schema: 2,
        count: 4,
        sum,
        zero_threshold: 0.001,
        zero_count: 1,
        positive: (-3, vec![1, 0, 2]),
        is_gauge,
        ..NativeHistogram::default()
    };
    let stale = f64::from_bits(telltale_promql::STALE_NAN_BITS);
    let histograms = vec![histogram(5, 2.5, false), histogram(9, stale, false)];
    store.send(&otlp::request(vec![Series { labels, histograms, ..Series::default() }]));
    let found = store.of("h");
    assert_eq!(found.len(), 1);
    for part in [
        "{__name__=\"h\", job=\"j\"}",
        "schema: 2",
        "positive: [(-3, 1.0), (-1, 2.0)]",
        "zero_count: 1.0",
        "sum: 2.5",
        "@5",
    ] {
        assert!(found[0].contains(part), "{part}: {found:?}");
    }
    let custom = NativeHistogram {
        schema: -53,
        custom_values: vec![1.0, 2.0],
        positive: (0, vec![3, 1]),
        count: 4,
        timestamp_ms: 7,
        is_gauge: true,
        ..NativeHistogram::default()
    };
    let named = vec![("__name__".to_owned(), "c".to_owned())];
    store.send(&otlp::request(vec![Series { labels: named, histograms: vec![custom], ..Series::default() }]));
    let found = store.of("c");
    for part in
        ["schema: -53", "counter_reset_hint: Gauge", "positive: [(0, 3.0), (1, 1.0)]", "custom_values: [1.0, 2.0]"]
    {
        assert!(found[0].contains(part), "{part}: {found:?}");
    }
}

#[test]
fn a_question_that_nobody_waits_for_ends() {
    let store = Store::new();
    let labels = vec![("__name__".to_owned(), "a".to_owned())];
    store.send(&otlp::request(vec![Series { labels, samples: vec![(1, 1.0)], ..Series::default() }]));
    let stop = Stop::default();
    stop.stop();
    let view = store.metrics.view(store.storage.snapshot(), stop, store.now);
    let selection = Selection { matchers: &[], start_ms: 0, end_ms: 9, by: None };
    let error = view.select(&selection, &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.kind, telltale_promql::ErrorKind::Canceled);
}
