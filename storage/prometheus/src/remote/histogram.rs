//! Native histograms of remote write: runs of buckets to dense counts.

use super::messages::{BucketSpan, Count, Histogram, ZeroCount};
use crate::limits::HISTOGRAM_BUCKETS_MAX;
use crate::series::NativeHistogram;

/// The number by which a message says "a gauge".
const GAUGE: i32 = 3;

/// Reads a histogram; the error says what OTLP cannot carry.
pub(super) fn read(histogram: &Histogram) -> Result<NativeHistogram, String> {
    if !(-4..=8).contains(&histogram.schema) && histogram.schema != -53 {
        return Err(format!("its schema {} is unknown", histogram.schema));
    }
    let count = match histogram.count {
        Some(Count::Int(count)) => count,
        Some(Count::Float(count)) => whole(count)?,
        None => 0,
    };
    let zero_count = match histogram.zero_count {
        Some(ZeroCount::Int(count)) => count,
        Some(ZeroCount::Float(count)) => whole(count)?,
        None => 0,
    };
    Ok(NativeHistogram {
        timestamp_ms: histogram.timestamp,
        schema: histogram.schema,
        count,
        sum: histogram.sum,
        zero_threshold: histogram.zero_threshold,
        zero_count,
        positive: dense(&histogram.positive_spans, &counts(&histogram.positive_deltas, &histogram.positive_counts)?)?,
        negative: dense(&histogram.negative_spans, &counts(&histogram.negative_deltas, &histogram.negative_counts)?)?,
        custom_values: histogram.custom_values.clone(),
        is_gauge: histogram.reset_hint == GAUGE,
    })
}

fn counts(deltas: &[i64], floats: &[f64]) -> Result<Vec<u64>, String> {
    if !floats.is_empty() {
        return floats.iter().map(|count| whole(*count)).collect();
    }
    let mut last = 0_i64;
    let add = |delta: &i64| {
        last = last.checked_add(*delta).filter(|count| *count >= 0).ok_or("a bucket's count is below zero")?;
        Ok(last.unsigned_abs())
    };
    deltas.iter().map(add).collect::<Result<_, &str>>().map_err(str::to_owned)
}

/// Counts that are not whole come from recording rules; OTLP has whole ones alone.
fn whole(count: f64) -> Result<u64, String> {
    // 2^53: whole numbers beyond are not exact.
    if count >= 0.0 && count.fract() == 0.0 && count <= 9_007_199_254_740_992.0 {
        Ok(count as u64)
    } else {
        Err(format!("its count {count} is not whole; OTLP has whole counts alone"))
    }
}

fn dense(spans: &[BucketSpan], counts: &[u64]) -> Result<(i32, Vec<u64>), String> {
    let mut first = None;
    let mut out: Vec<u64> = Vec::new();
    let mut left = counts.iter();
    for span in spans {
        let gap = if first.is_none() {
            first = Some(span.offset);
            0
        } else {
            usize::try_from(span.offset).map_err(|_| "a gap below zero between its buckets".to_owned())?
        };
        let length = usize::try_from(span.length).unwrap_or(usize::MAX);
        let total = out.len().saturating_add(gap).saturating_add(length);
        if total > HISTOGRAM_BUCKETS_MAX {
            return Err(format!("{total} buckets, gaps included, are more than {HISTOGRAM_BUCKETS_MAX}"));
        }
        out.resize(out.len() + gap, 0);
        for _ in 0..length {
            out.push(*left.next().ok_or("fewer counts than buckets")?);
        }
    }
    if left.next().is_some() {
        return Err("more counts than buckets".to_owned());
    }
    Ok((first.unwrap_or(0), out))
}
