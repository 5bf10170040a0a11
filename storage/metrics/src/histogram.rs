//! Points of histograms as they are read from rows: explicit bounds, and exponential buckets.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt32Type, UInt64Type};
use telltale_promql::histogram::CounterResetHint;
use telltale_promql::{Error, Histogram, stale_nan};
use telltale_storage::schema::col;

use crate::columns::{lists, missing, number, numbers, row_numbers};
use crate::delta::Point;
use crate::read::Slice;
use crate::select::milliseconds;

/// A point with explicit bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Classic {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bounds: Vec<f64>,
    /// One a bound and one for the rest; empty when the sender has no buckets.
    pub(crate) counts: Vec<u64>,
}

/// A point with exponential buckets, by OTLP's indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Exponential {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) scale: i32,
    pub(crate) zero_count: u64,
    pub(crate) zero_threshold: f64,
    pub(crate) positive: BTreeMap<i32, u64>,
    pub(crate) negative: BTreeMap<i32, u64>,
}

/// The flag "no recorded value".
pub(crate) const NO_VALUE: u32 = 1;

/// When a row is, since when, and whether it has a value.
pub(crate) fn heads(slice: &Slice<'_>) -> Result<Vec<(usize, i64, i64, bool)>, Error> {
    let times = numbers::<TimestampNanosecondType>(slice.batch, col::TIME_UNIX_NANO)?;
    let starts = numbers::<TimestampNanosecondType>(slice.batch, col::START_TIME_UNIX_NANO).ok();
    let flags = numbers::<UInt32Type>(slice.batch, col::FLAGS)?;
    let mut out = Vec::new();
    slice.for_each(|row| {
        let start = starts.and_then(|starts| number(starts, row)).map_or(0, milliseconds);
        out.push((row, milliseconds(times.value(row)), start, flags.value(row) & NO_VALUE == 0));
    });
    Ok(out)
}

/// Reads points with explicit bounds.
pub(crate) fn classic(slice: &Slice<'_>, out: &mut Vec<Point<Classic>>) -> Result<(), Error> {
    let counts = numbers::<UInt64Type>(slice.batch, col::COUNT)?;
    let sums = numbers::<Float64Type>(slice.batch, col::SUM)?;
    let (bounds, buckets) = (lists(slice.batch, col::EXPLICIT_BOUNDS)?, lists(slice.batch, col::BUCKET_COUNTS)?);
    let bound_values =
        bounds.values().as_primitive_opt::<Float64Type>().ok_or_else(|| missing(col::EXPLICIT_BOUNDS))?;
    let bucket_values = buckets.values().as_primitive_opt::<UInt64Type>().ok_or_else(|| missing(col::BUCKET_COUNTS))?;
    for (row, time, start, has_value) in heads(slice)? {
        let point = has_value.then(|| Classic {
            count: counts.value(row),
            sum: number(sums, row),
            bounds: row_numbers(bounds, bound_values, row).to_vec(),
            counts: row_numbers(buckets, bucket_values, row).to_vec(),
        });
        out.push((time, start, point));
    }
    Ok(())
}

/// Reads points with exponential buckets.
pub(crate) fn exponential(slice: &Slice<'_>, out: &mut Vec<Point<Exponential>>) -> Result<(), Error> {
    let counts = numbers::<UInt64Type>(slice.batch, col::COUNT)?;
    let sums = numbers::<Float64Type>(slice.batch, col::SUM)?;
    let scales = numbers::<Int32Type>(slice.batch, col::SCALE)?;
    let zero_counts = numbers::<UInt64Type>(slice.batch, col::ZERO_COUNT)?;
    let zero_thresholds = numbers::<Float64Type>(slice.batch, col::ZERO_THRESHOLD)?;
    let side = |offset: &str, counts: &str, row: usize| -> Result<BTreeMap<i32, u64>, Error> {
        let first = number(numbers::<Int32Type>(slice.batch, offset)?, row).unwrap_or(0);
        let list = lists(slice.batch, counts)?;
        let values = list.values().as_primitive_opt::<UInt64Type>().ok_or_else(|| missing(counts))?;
        let filled = (first..).zip(row_numbers(list, values, row)).filter(|(_, count)| **count > 0);
        Ok(filled.map(|(index, count)| (index, *count)).collect())
    };
    for (row, time, start, has_value) in heads(slice)? {
        let point = match has_value {
            false => None,
            true => Some(Exponential {
                count: counts.value(row),
                sum: number(sums, row),
                scale: scales.value(row),
                zero_count: zero_counts.value(row),
                zero_threshold: zero_thresholds.value(row),
                positive: side(col::POSITIVE_OFFSET, col::POSITIVE_BUCKET_COUNTS, row)?,
                negative: side(col::NEGATIVE_OFFSET, col::NEGATIVE_BUCKET_COUNTS, row)?,
            }),
        };
        out.push((time, start, point));
    }
    Ok(())
}

/// The finest resolution that Prometheus has; finer ones are merged down to it.
const SCALE_MAX: i32 = 8;
/// The coarsest.
const SCALE_MIN: i32 = -4;
/// The width of the zero bucket where OTLP says none.
const ZERO_THRESHOLD: f64 = 1e-128;

impl Exponential {
    /// Returns it with a coarser scale, or as it is.
    pub(crate) fn at_scale(&self, scale: i32) -> Self {
        let shift = u32::try_from(self.scale - scale).unwrap_or(0).min(31);
        if shift == 0 {
            return self.clone();
        }
        let merge = |side: &BTreeMap<i32, u64>| {
            let mut out = BTreeMap::new();
            for (index, count) in side {
                let total: &mut u64 = out.entry(index >> shift).or_insert(0);
                *total = total.saturating_add(*count);
            }
            out
        };
        Self { scale, positive: merge(&self.positive), negative: merge(&self.negative), ..self.clone() }
    }

    /// Returns it as Prometheus has it; `None` when it is coarser than anything that Prometheus has.
    pub(crate) fn native(&self, is_gauge: bool) -> Option<Histogram> {
        if self.scale < SCALE_MIN {
            return None;
        }
        let fitting = self.at_scale(self.scale.min(SCALE_MAX));
        let side = |side: &BTreeMap<i32, u64>| {
            side.iter().map(|(index, count)| (index.saturating_add(1), *count as f64)).collect()
        };
        Some(Histogram {
            schema: fitting.scale,
            counter_reset_hint: if is_gauge { CounterResetHint::Gauge } else { CounterResetHint::Unknown },
            zero_threshold: if fitting.zero_threshold > 0.0 { fitting.zero_threshold } else { ZERO_THRESHOLD },
            zero_count: fitting.zero_count as f64,
            count: fitting.count as f64,
            sum: fitting.sum.unwrap_or(0.0),
            positive: side(&fitting.positive),
            negative: side(&fitting.negative),
            ..Histogram::default()
        })
    }
}

impl Classic {
    /// Returns it as a native histogram with bounds of its own.
    pub(crate) fn native(&self, is_gauge: bool) -> Histogram {
        let counts = (0..).zip(&self.counts).filter(|(_, count)| **count > 0);
        Histogram {
            schema: telltale_promql::histogram::CUSTOM_BUCKETS_SCHEMA,
            counter_reset_hint: if is_gauge { CounterResetHint::Gauge } else { CounterResetHint::Unknown },
            count: self.count as f64,
            sum: self.sum.unwrap_or(0.0),
            positive: counts.map(|(index, count)| (index, *count as f64)).collect(),
            custom_values: self.bounds.clone(),
            ..Histogram::default()
        }
    }
}

/// Returns the histogram that marks the end of a series.
pub(crate) fn stale() -> Histogram {
    Histogram { sum: stale_nan(), ..Histogram::default() }
}

/// A quantile's place and value.
pub(crate) type Quantile = (f64, f64);
/// A summary's count, sum and quantiles.
pub(crate) type Summary = (u64, f64, Vec<Quantile>);

/// Reads points of summaries.
pub(crate) fn summary(slice: &Slice<'_>, out: &mut Vec<Point<Summary>>) -> Result<(), Error> {
    let counts = numbers::<UInt64Type>(slice.batch, col::COUNT)?;
    let sums = numbers::<Float64Type>(slice.batch, col::SUM)?;
    let list = lists(slice.batch, col::QUANTILE_VALUES)?;
    let broken = || missing(col::QUANTILE_VALUES);
    let members = list.values().as_struct_opt().ok_or_else(broken)?;
    let member = |name: &str| members.column_by_name(name).and_then(|array| array.as_primitive_opt::<Float64Type>());
    let (places, values) = (member("quantile").ok_or_else(broken)?, member(col::VALUE).ok_or_else(broken)?);
    for (row, time, start, has_value) in heads(slice)? {
        let quantiles =
            row_numbers(list, places, row).iter().copied().zip(row_numbers(list, values, row).iter().copied());
        let point = has_value.then(|| (counts.value(row), sums.value(row), quantiles.collect()));
        out.push((time, start, point));
    }
    Ok(())
}

/// Whether a number column has a whole number in a row, for points of gauges and sums.
pub(crate) fn number_value(
    floats: &arrow::array::PrimitiveArray<Float64Type>,
    integers: &arrow::array::PrimitiveArray<Int64Type>,
    row: usize,
) -> Option<f64> {
    if floats.is_valid(row) {
        return Some(floats.value(row));
    }
    integers.is_valid(row).then(|| integers.value(row) as f64)
}
