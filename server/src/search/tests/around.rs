//! Counts, histograms, facets, differences, patterns and completion are those of the rows that match.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use telltale_api::search::{Facet, Offer, SearchHistogram};
use telltale_api::sql::ScanReport;
use telltale_model::UnixNanos;
use telltale_search::complete::quoted;
use telltale_search::{Target, parse};

use super::data::{Place, START, Store};
use super::pages::asked;
use crate::search::summary::{Around, Wanted};
use crate::search::{Asked, Kind, Order, complete, different, patterns, sample, summary};

const PLACES: [Place; 3] = [Place::Memory, Place::Segments, Place::Both];
const FACETS: Wanted = Wanted { histogram: false, facets: true };
const HISTOGRAM: Wanted = Wanted { histogram: true, facets: false };

async fn around(store: &Store, asked: &Asked, wanted: Wanted) -> Around {
    summary::around(&store.query, asked, wanted, &mut ScanReport::default()).await.unwrap()
}

async fn histogram_of(store: &Store, asked: &Asked) -> SearchHistogram {
    around(store, asked, HISTOGRAM).await.histogram.unwrap()
}

#[tokio::test]
async fn counts_and_histograms_hold_every_row_once() {
    let memory = Store::filled(Place::Memory, 21, 120).await;
    for place in PLACES {
        let store = Store::filled(place, 21, 120).await;
        for (kind, text) in [
            (Kind::Spans, ""),
            (Kind::Spans, "service:shop or GET"),
            (Kind::Logs, ""),
            (Kind::Logs, "refused"),
            (Kind::Logs, "absent"),
        ] {
            let asked = asked(kind, text, Order::Newest);
            let expected = memory.naive(asked.target(), &asked.query).len() as u64;
            let mut report = ScanReport::default();
            assert_eq!(summary::count(&store.query, &asked, &mut report).await.unwrap(), expected, "{place:?} {text}");
            let histogram = histogram_of(&store, &asked).await;
            assert_eq!(histogram.counts.iter().flatten().sum::<u64>(), expected, "{place:?} {text}");
            for (at, group) in histogram.groups.iter().enumerate() {
                let condition = match (kind, group.as_str()) {
                    (Kind::Logs, "unset") => "-has:level".to_owned(),
                    (Kind::Logs, level) => format!("level:{level}"),
                    (_, status) => format!("status:{status}"),
                };
                let query = parse(&format!("({}) {condition}", if text.is_empty() { "*" } else { text }));
                let expected = memory.naive(asked.target(), &query).len() as u64;
                let found: u64 = histogram.counts.get(at).map_or(0, |row| row.iter().sum());
                assert_eq!(found, expected, "{place:?} {text} {group}");
            }
        }
    }
}

/// A bucket is a range of time: asking for it finds as many rows.
#[tokio::test]
async fn a_bucket_can_be_zoomed_into() {
    let store = Store::filled(Place::Both, 22, 200).await;
    let all = asked(Kind::Logs, "", Order::Newest);
    let histogram = histogram_of(&store, &all).await;
    let buckets = histogram.counts[0].len();
    assert!((20..=70).contains(&buckets), "{buckets}");
    for at in 0..buckets {
        let from = histogram.from_unix_nano.0 + at as u64 * histogram.step_ns.0;
        let one = Asked { from: Some(UnixNanos(from)), to: Some(UnixNanos(from + histogram.step_ns.0)), ..all.clone() };
        let expected: u64 = histogram.counts.iter().map(|row| row[at]).sum();
        assert_eq!(summary::count(&store.query, &one, &mut ScanReport::default()).await.unwrap(), expected, "{at}");
        let zoomed = histogram_of(&store, &one).await;
        assert_eq!(zoomed.counts.iter().flatten().sum::<u64>(), expected);
    }
}

/// The condition of a facet's value keeps as many rows as the facet says.
#[tokio::test]
async fn facets_narrow_to_what_they_count() {
    let memory = Store::filled(Place::Memory, 23, 90).await;
    for place in PLACES {
        let store = Store::filled(place, 23, 90).await;
        for (kind, text) in [(Kind::Spans, ""), (Kind::Spans, "kind:server"), (Kind::Logs, "level>=info")] {
            let asked = asked(kind, text, Order::Newest);
            let mut facets = around(&store, &asked, FACETS).await.facets;
            let sample = sample::attributes(&store.query, &asked, 10_000).await.unwrap();
            assert!(sample.is_complete);
            facets.extend(sample::facets(&sample, asked.target()));
            assert!(facets.len() > 5);
            for facet in facets.iter().filter(|facet| facet.key != "number") {
                let listed: u64 = facet.values.iter().map(|value| value.count).sum();
                assert_eq!(listed + facet.other, facet.rows, "{facet:?}");
                for value in &facet.values {
                    let query = parse(&format!("({}) {}", if text.is_empty() { "*" } else { text }, value.condition));
                    assert_eq!(query.problems, [], "{}", value.condition);
                    let found = memory.naive(asked.target(), &query).len() as u64;
                    // An attribute of the resource may be hidden by the record's own of that name.
                    let columns: &[&str] = match kind {
                        Kind::Logs => &["service", "level"],
                        _ => &["service", "name", "status", "kind"],
                    };
                    let is_column = columns.contains(&facet.key.as_str());
                    if is_column {
                        assert_eq!(found, value.count, "{place:?} {text} {}", value.condition);
                    } else {
                        assert!(found > 0, "{place:?} {kind:?} {text} {} finds nothing", value.condition);
                    }
                }
            }
        }
    }
}

/// Returns the facets of the main columns by a statement each.
async fn facets_by_statements(store: &Store, asked: &Asked) -> Vec<Facet> {
    let mut out = Vec::new();
    let report = &mut ScanReport::default();
    let texts: &[(&str, &str)] = match asked.target() {
        Target::Spans => &[("service", "service_name"), ("name", "name")],
        Target::Logs => &[("service", "service_name")],
    };
    for (key, column) in texts {
        out.push(summary::facet(&store.query, asked, key, column, report).await.unwrap());
    }
    let named: &[&str] = if asked.target() == Target::Spans { &["status", "kind"] } else { &["level"] };
    for key in named {
        out.push(summary::named_facet(&store.query, asked, key, report).await.unwrap());
    }
    out
}

/// Scenario: stores filled with random spans and logs, in memory, in segments, in both; random queries and ranges.
/// Guarantees: one pass counts what a statement a column counts, in the same order; the total is that of `count(*)`; the
/// histogram is the same with facets beside it and without, its buckets are round and hold every row.
#[test]
fn one_pass_counts_what_a_statement_a_column_counts() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stores = PLACES.map(|place| runtime.block_on(Store::filled(place, 31, 200)));
    let texts = vec![
        "",
        "service:shop or GET",
        "kind:server",
        "level>=info",
        "refused",
        "status:error",
        "absent",
        "-has:level",
    ];
    let moment = || prop::option::of(0..220_u64);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(
            &(prop::sample::select(texts), any::<bool>(), moment(), moment(), 0..3_usize),
            |(text, is_spans, from, to, at)| {
                let kind = if is_spans { Kind::Spans } else { Kind::Logs };
                let Some(store) = stores.get(at) else { return Ok(()) };
                let second = |second: u64| UnixNanos(START + second * 1_000_000_000);
                let query = parse(text);
                let asked = Asked { kind, query, order: Order::Newest, from: from.map(second), to: to.map(second) };
                runtime.block_on(async {
                    let both = around(store, &asked, Wanted { histogram: true, facets: true }).await;
                    let expected = facets_by_statements(store, &asked).await;
                    prop_assert_eq!(&both.facets, &expected, "{} {:?}", text, kind);
                    let alone = around(store, &asked, HISTOGRAM).await;
                    prop_assert_eq!(&alone.histogram, &both.histogram);
                    let total = summary::count(&store.query, &asked, &mut ScanReport::default()).await.unwrap();
                    let histogram = both.histogram.unwrap();
                    let sum: u64 = histogram.counts.iter().flatten().sum();
                    prop_assert_eq!((both.total, alone.total, sum), (total, total, total));
                    Ok(())
                })
            },
        )
        .unwrap();
}

#[tokio::test]
async fn a_cut_sample_says_so() {
    let store = Store::filled(Place::Both, 24, 100).await;
    let asked = asked(Kind::Spans, "", Order::Newest);
    let sample = sample::attributes(&store.query, &asked, 30).await.unwrap();
    assert_eq!((sample.rows.iter().sum::<u64>(), sample.is_complete), (30, false));
    assert!(sample::facets(&sample, Target::Spans).iter().all(|facet| !facet.is_exact && facet.of_rows == 30));
}

#[tokio::test]
async fn what_is_different_is_ranked_with_its_numbers() {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::trace::v1::Span;
    let store = Store::empty();
    let spans = (0..200_u64).map(|number| {
        let is_slow = number % 10 == 0;
        let region = if is_slow || number % 20 == 1 { "eu-3" } else { "us-1" };
        Span {
            trace_id: vec![1; 16],
            span_id: (number + 1).to_be_bytes().to_vec(),
            name: "pay".to_owned(),
            start_time_unix_nano: START + number,
            end_time_unix_nano: START + number + if is_slow { 2_000_000_000 } else { 1_000 },
            attributes: vec![
                super::data::entry("region", Some(Value::StringValue(region.to_owned()))),
                super::data::entry("number", Some(Value::IntValue(number as i64))),
            ],
            ..Span::default()
        }
    });
    store.spans(None, None, spans.collect()).await;
    store.storage.flush().await.unwrap();
    let asked = asked(Kind::Spans, "name:pay", Order::Newest);
    let selection = |text: &str| Asked { query: parse(text), ..asked.clone() };
    let found = different::read(&store.query, &asked, &selection("duration>1s")).await.unwrap();
    assert_eq!((found.selected, found.rest, found.is_complete), (20, 180, true));
    let first = &found.differences[0];
    assert_eq!((first.key.as_str(), first.value.as_str(), first.selected, first.rest), ("region", "eu-3", 20, 10));
    assert_eq!((first.selected_share, (first.rest_share * 1000.0).round()), (1.0, 56.0));
    assert_eq!(first.condition, "region=eu-3");
    assert!(found.differences.iter().all(|one| one.key != "name"), "what all have is no difference");
    let none = different::read(&store.query, &asked, &selection("duration>5s")).await.unwrap();
    assert_eq!((none.selected, none.rest, none.differences.len()), (0, 200, 0));
    // A region of the histogram: the first 41 spans, of which every tenth is slow.
    let region = Asked { from: Some(UnixNanos(START)), to: Some(UnixNanos(START + 41)), ..selection("duration>1s") };
    let found = different::read(&store.query, &asked, &region).await.unwrap();
    assert_eq!((found.selected, found.rest), (5, 195));
    let first = &found.differences[0];
    assert_eq!((first.value.as_str(), first.selected, first.rest), ("eu-3", 5, 25));
}

#[tokio::test]
async fn patterns_count_every_line_and_say_what_is_new() {
    use opentelemetry_proto::tonic::common::v1::AnyValue;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    let store = Store::empty();
    let line = |at: u64, text: String, severity_number: i32| LogRecord {
        time_unix_nano: START + at,
        severity_number,
        body: Some(AnyValue { value: Some(Value::StringValue(text)) }),
        ..LogRecord::default()
    };
    let mut logs: Vec<LogRecord> =
        (0..30).map(|at| line(at, format!("order {at} of acme took {} ms", at * 3), 9)).collect();
    logs.push(line(100, "card declined for order 7".to_owned(), 17));
    store.logs(None, None, logs).await;
    store.storage.flush().await.unwrap();
    let all = asked(Kind::Logs, "", Order::Newest);
    let found = patterns::read(&store.query, &all, Some(UnixNanos(START + 50))).await.unwrap();
    assert_eq!((found.lines, found.is_complete, found.other), (31, true, 0));
    let shown: Vec<_> =
        found.patterns.iter().map(|one| (one.template.as_str(), one.count, one.level.as_str(), one.is_new)).collect();
    assert_eq!(
        shown,
        [("order <*> of acme took <*> ms", 30, "info", false), ("card declined for order <*>", 1, "error", true)]
    );
    for pattern in &found.patterns {
        let narrowed = asked(Kind::Logs, &pattern.query, Order::Newest);
        let count = summary::count(&store.query, &narrowed, &mut ScanReport::default()).await.unwrap();
        assert_eq!(count, pattern.count, "{}", pattern.query);
    }
}

#[tokio::test]
async fn keys_and_values_of_what_is_stored_are_offered_with_counts() {
    let store = Store::filled(Place::Both, 25, 200).await;
    let offers = |text: &'static str, kind| {
        let store = &store;
        async move { complete::read(&store.query, kind, text, text.len()).await.unwrap() }
    };
    let text = |offer: &Offer| offer.text.clone();
    let keys = offers("", Kind::Spans).await;
    assert_eq!((keys.what.as_str(), keys.offers[0].text.as_str()), ("key", "service:"));
    let http = offers("status:error htt", Kind::Spans).await;
    assert_eq!(http.offers.iter().map(text).collect::<Vec<_>>(), ["http.status:", "resource.http.status:"]);
    assert!(http.offers[0].count.unwrap() > 0);
    assert_eq!((http.from, http.to), (13, 16));
    let levels = offers("level>=w", Kind::Logs).await;
    assert_eq!(levels.offers.iter().map(text).collect::<Vec<_>>(), ["warn"]);
    let memory = Store::filled(Place::Memory, 25, 200).await;
    let warnings = memory.naive(Target::Logs, &parse("level:warn")).len() as u64;
    assert_eq!(levels.offers[0].count, Some(warnings));
    let services = offers("service:sh", Kind::Spans).await;
    let expected: Vec<String> = ["Shop", "sh_p%", "shop"].iter().map(|name| quoted(name)).collect();
    let mut found: Vec<String> = services.offers.iter().map(text).collect();
    found.sort();
    assert_eq!(found, expected);
    let regions = offers("region:eu", Kind::Logs).await;
    assert_eq!(regions.offers.iter().map(text).collect::<Vec<_>>(), ["eu-3"]);
    let faulty = offers("duration>5 \"a", Kind::Spans).await;
    assert_eq!(faulty.problems.len(), 2, "{:?}", faulty.problems);
}
