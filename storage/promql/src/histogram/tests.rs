//! Native histograms: bounds, sums in any order, resets, quantiles against their inverse.

use proptest::prelude::*;

use super::bounds::exponential_bound;
use super::{CUSTOM_BUCKETS_SCHEMA, CompensatedHistogram, CounterResetHint, Histogram};

/// Scenario: bounds of several schemas, at both ends of what a number can hold.
#[test]
fn bounds() {
    for (index, schema, wanted) in [
        (0, 0, 1.0),
        (1, 0, 2.0),
        (-1, 0, 0.5),
        (1, 1, std::f64::consts::SQRT_2),
        (3, 1, 2.0 * std::f64::consts::SQRT_2),
        (1, -1, 4.0),
        (1, -4, 65_536.0),
        (8, 3, 2.0),
        (1024, 0, f64::MAX),
        (1025, 0, f64::INFINITY),
        (2048, 1, f64::MAX),
        (-1074, 0, f64::from_bits(1)),
        (-1080, 0, 0.0),
    ] {
        let found = exponential_bound(index, schema);
        let close = found.to_bits() == f64::to_bits(wanted) || (found - wanted).abs() <= wanted.abs() * 1e-15;
        assert!(close, "index {index} of schema {schema}: {found}, not {wanted}");
    }
}

/// Scenario: merging two buckets into one of a coarser schema keeps every observation between the same bounds.
#[test]
fn reducing_keeps_counts_and_bounds() {
    let mut histogram = Histogram {
        schema: 1,
        positive: vec![(-1, 1.0), (0, 2.0), (1, 3.0), (2, 4.0), (3, 5.0)],
        ..Histogram::default()
    };
    histogram.reduce(0);
    assert_eq!(histogram.positive, vec![(0, 3.0), (1, 7.0), (2, 5.0)]);
    histogram.reduce(-1);
    assert_eq!(histogram.positive, vec![(0, 3.0), (1, 12.0)]);
    histogram.reduce(2);
    assert_eq!(histogram.schema, -1, "no finer schema can be made");
}

/// Scenario: zero buckets of different widths, a filled bucket across the wider edge.
#[test]
fn the_wider_zero_bucket_takes_what_it_covers() {
    let narrow = Histogram {
        zero_threshold: 0.1,
        zero_count: 1.0,
        count: 8.0,
        positive: vec![(-2, 1.0), (0, 2.0), (1, 4.0)],
        ..Histogram::default()
    };
    let wide = Histogram { zero_threshold: 0.6, zero_count: 3.0, count: 3.0, ..Histogram::default() };
    let mut sum = narrow.clone();
    assert!(sum.add(&wide).is_ok());
    // 0.6 lies in (0.5, 1], which is filled: the zero bucket reaches to 1.
    assert_eq!((sum.zero_threshold, sum.zero_count, sum.count), (1.0, 7.0, 11.0));
    assert_eq!(sum.positive, vec![(1, 4.0)]);
    let mut other = wide;
    assert!(other.add(&narrow).is_ok());
    assert_eq!(other, sum, "the order does not matter");
}

/// Scenario: what counts as a reset.
#[test]
fn resets() {
    let base = Histogram { count: 6.0, positive: vec![(1, 2.0), (3, 4.0)], ..Histogram::default() };
    let with = |change: fn(&mut Histogram)| {
        let mut next = base.clone();
        change(&mut next);
        next.is_reset_after(&base)
    };
    assert!(!with(|_| {}));
    assert!(!with(|next| next.positive.push((4, 1.0))));
    assert!(with(|next| next.count = 5.0));
    assert!(with(|next| next.positive = vec![(1, 1.0), (3, 5.0)]));
    assert!(with(|next| next.positive = vec![(3, 6.0)]));
    assert!(with(|next| next.schema = 1));
    assert!(with(|next| next.counter_reset_hint = CounterResetHint::CounterReset));
    assert!(!with(|next| (next.counter_reset_hint, next.count) = (CounterResetHint::NotCounterReset, 0.0)));
    assert!(with(|next| next.schema = CUSTOM_BUCKETS_SCHEMA));
}

fn histogram() -> impl Strategy<Value = Histogram> {
    let side = || prop::collection::btree_map(-20i32..20, 1u32..1000, 0..8);
    let threshold = prop::sample::select(vec![0.0, 1e-128, 0.001, 0.3, 2.0]);
    (-2i32..5, side(), side(), threshold, 0u32..100).prop_map(|(schema, positive, negative, zero_threshold, zero)| {
        let side = |side: std::collections::BTreeMap<i32, u32>| -> super::Buckets {
            side.into_iter().map(|(index, count)| (index, f64::from(count))).collect()
        };
        let (positive, negative) = (side(positive), side(negative));
        let zero_count = f64::from(zero);
        let count = zero_count + positive.iter().chain(&negative).map(|bucket| bucket.1).sum::<f64>();
        Histogram { schema, zero_threshold, zero_count, count, sum: count, positive, negative, ..Histogram::default() }
    })
}

fn observations(histogram: &Histogram) -> f64 {
    histogram.zero_count + histogram.positive.iter().chain(&histogram.negative).map(|bucket| bucket.1).sum::<f64>()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any two layouts: nothing is lost, the order does not matter, a sum has grown out of its parts.
    #[test]
    fn sums(left in histogram(), right in histogram()) {
        let mut sum = left.clone();
        prop_assert!(sum.add(&right).is_ok());
        prop_assert_eq!(observations(&sum), sum.count);
        prop_assert_eq!(sum.count, left.count + right.count);
        // A coarser bucket may reach out of a zero bucket that ends inside of it; as in Prometheus, that looks like a reset.
        prop_assert!(sum.schema != left.schema || !sum.is_reset_after(&left), "{:?} after {:?}", sum, left);
        let mut other = right.clone();
        prop_assert!(other.add(&left).is_ok());
        prop_assert_eq!(other.clone().compacted(), sum.clone().compacted());
        let mut running = CompensatedHistogram::of(&left);
        prop_assert!(running.add(&right).is_ok());
        prop_assert_eq!(running.value(), sum.clone().compacted());
        let mut rest = sum.clone();
        prop_assert!(rest.sub(&right).is_ok());
        prop_assert_eq!(observations(&rest), left.count);
    }

    /// Scenario: any quantile: they rise, and the part below one is what was asked for.
    #[test]
    fn quantiles(histogram in histogram(), q in 0.0f64..1.0, more in 0.0f64..0.5) {
        prop_assume!(histogram.count > 0.0);
        // The zero bucket of one width and buckets inside of it are no layout that can be counted.
        prop_assume!(histogram.zero_threshold < 1e-100);
        let (low, high) = (histogram.quantile(q).value, histogram.quantile((q + more).min(1.0)).value);
        prop_assert!(low <= high * (1.0 + 1e-9 * high.signum()) + 1e-9, "{low} {high}");
        let below = histogram.fraction(f64::NEG_INFINITY, low).value;
        let in_zero = histogram.zero_count > 0.0 && low.abs() <= histogram.zero_threshold;
        prop_assert!(in_zero || (below - q).abs() < 1e-6, "{q}: {low} has {below} below");
    }

    /// Scenario: cutting off below and above a bound: nothing is counted twice, nothing is lost.
    #[test]
    fn cutting_off(histogram in histogram(), bound in -10.0f64..10.0) {
        prop_assume!(histogram.zero_threshold < 1e-100 || histogram.zero_count == 0.0);
        let (below, above) = (histogram.clone().trimmed(bound, true), histogram.clone().trimmed(bound, false));
        prop_assert!((below.count + above.count - histogram.count).abs() < 1e-6 * histogram.count.max(1.0));
    }
}
