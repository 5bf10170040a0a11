//! Heat maps of histograms: how many observations lie in which bucket at which time. Pure.

use std::collections::BTreeMap;

use crate::prometheus::{NativePoint, Series, number};

/// Rows of a map at most; finer buckets are joined.
const ROWS_MAX: usize = 30;

/// A rectangle of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Place among the times.
    pub column: usize,
    /// Place among the buckets, lowest first.
    pub row: usize,
    /// Observations.
    pub count: f64,
}

/// A map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    /// Seconds, ascending.
    pub times: Vec<f64>,
    /// Lower and upper ends of the buckets, lowest first.
    pub buckets: Vec<(f64, f64)>,
    /// What is not empty.
    pub cells: Vec<Cell>,
    /// The fullest cell.
    pub most: f64,
}

/// Builds a map from series of buckets (label `le`), whose counts include those of the buckets below.
#[must_use]
pub fn heat_classic(series: &[Series]) -> Heat {
    let mut by_bound: BTreeMap<u64, BTreeMap<u64, f64>> = BTreeMap::new();
    let mut bounds: Vec<f64> = Vec::new();
    for one in series {
        let Some(bound) = one.metric.get("le").map(|text| number(text)).filter(|bound| !bound.is_nan()) else {
            continue;
        };
        bounds.push(bound);
        let counts = by_bound.entry(bound.to_bits()).or_default();
        for (time, count) in one.points() {
            *counts.entry(time.to_bits()).or_insert(0.0) += if count.is_finite() { count } else { 0.0 };
        }
    }
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    let mut counted: Vec<(f64, f64, f64, f64)> = Vec::new();
    let mut below: BTreeMap<u64, f64> = BTreeMap::new();
    let mut low = if bounds.first().is_some_and(|first| *first <= 0.0) { f64::NEG_INFINITY } else { 0.0 };
    for bound in bounds {
        for (time, all) in by_bound.get(&bound.to_bits()).into_iter().flatten() {
            let before = below.insert(*time, *all).unwrap_or(0.0);
            counted.push((f64::from_bits(*time), low, bound, (all - before).max(0.0)));
        }
        low = bound;
    }
    map(counted)
}

/// Builds a map from native histograms.
#[must_use]
pub fn heat_native(points: &[NativePoint]) -> Heat {
    let counted = points.iter().flat_map(|(time, histogram)| {
        histogram.buckets.iter().map(move |(_, low, high, count)| (*time, number(low), number(high), number(count)))
    });
    map(counted.collect())
}

/// From times, ends of buckets and counts; every bucket is a row until there are too many, then neighbours are joined.
fn map(counted: Vec<(f64, f64, f64, f64)>) -> Heat {
    let sorted = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    };
    let times = sorted(counted.iter().map(|one| one.0).collect());
    let highs = sorted(counted.iter().filter(|one| one.3 > 0.0).map(|one| one.2).collect());
    let each = highs.len().div_ceil(ROWS_MAX).max(1);
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for chunk in highs.chunks(each) {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        let lows = counted.iter().filter(|one| one.3 > 0.0 && one.2 == *first).map(|one| one.1);
        buckets.push((lows.fold(f64::INFINITY, f64::min), *last));
    }
    let mut cells: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for (time, _, high, count) in counted.into_iter().filter(|one| one.3 > 0.0) {
        let column = times.partition_point(|other| *other < time);
        let row = buckets.partition_point(|bucket| bucket.1 < high);
        *cells.entry((column, row)).or_insert(0.0) += count;
    }
    let most = cells.values().copied().fold(0.0, f64::max);
    let cells = cells.into_iter().map(|((column, row), count)| Cell { column, row, count }).collect();
    Heat { times, buckets, cells, most }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::prometheus::{Labels, NativeHistogram};

    fn bucket(le: &str, counts: &[f64]) -> Series {
        let values = (1u32..).zip(counts).map(|(time, count)| (f64::from(time), count.to_string())).collect();
        Series { metric: Labels::from([("le".to_owned(), le.to_owned())]), values, histograms: Vec::new() }
    }

    /// Scenario: three buckets in an odd order over two times.
    #[test]
    fn counts_of_classic_buckets_are_taken_apart() {
        let heat = heat_classic(&[bucket("+Inf", &[4.0, 9.0]), bucket("0.1", &[1.0, 0.0]), bucket("0.5", &[3.0, 9.0])]);
        assert_eq!(heat.buckets, [(0.0, 0.1), (0.1, 0.5), (0.5, f64::INFINITY)]);
        let cells: Vec<_> = heat.cells.iter().map(|cell| (cell.column, cell.row, cell.count)).collect();
        assert_eq!(cells, [(0, 0, 1.0), (0, 1, 2.0), (0, 2, 1.0), (1, 1, 9.0)]);
        assert_eq!((heat.times.as_slice(), heat.most), (&[1.0, 2.0][..], 9.0));
    }

    proptest! {
        /// Guarantee: no observation is lost or made up, however many buckets are joined.
        #[test]
        fn every_observation_is_in_one_cell(counts in prop::collection::vec(0u32..50, 0..80)) {
            let one = |(at, count): (usize, &u32)| {
                (0, (at as f64).exp2().to_string(), ((at + 1) as f64).exp2().to_string(), count.to_string())
            };
            let buckets = counts.iter().enumerate().map(one).collect();
            let heat = heat_native(&[(5.0, NativeHistogram { buckets })]);
            let total: f64 = heat.cells.iter().map(|cell| cell.count).sum();
            prop_assert_eq!(total, f64::from(counts.iter().sum::<u32>()));
            prop_assert!(heat.buckets.len() <= ROWS_MAX);
            prop_assert!(heat.buckets.windows(2).all(|pair| pair[0].1 <= pair[1].0 * 1.000_001));
        }
    }
}
