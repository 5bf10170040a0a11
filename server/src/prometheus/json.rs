//! Values as Prometheus writes them: times in seconds, numbers as texts.

use telltale_prometheus::number::{write_seconds, write_value};
use telltale_promql::{Histogram, Labels, Sample, SampleValue, Series, Value};

/// Returns a text as JSON.
pub(super) fn text(text: &str) -> String {
    // A text always is JSON; the fallback is an empty one.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// Writes labels as an object.
pub(super) fn labels(out: &mut String, labels: &Labels) {
    out.push('{');
    for (at, (name, value)) in labels.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&text(name));
        out.push(':');
        out.push_str(&text(value));
    }
    out.push('}');
}

/// Writes items with commas between them.
pub(super) fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut one: impl FnMut(&mut String, T)) {
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        one(out, item);
    }
    out.push(']');
}

/// Writes the value of a query as its `data`; with a limit, only so many series, and says whether some were left out.
pub(super) fn value(value: &Value, limit: Option<usize>) -> (String, bool) {
    let limit = limit.unwrap_or(usize::MAX);
    let mut out = String::from("{\"resultType\":");
    let mut is_cut = false;
    match value {
        Value::Scalar(time, number) => {
            out.push_str("\"scalar\",\"result\":");
            sample(&mut out, *time, *number);
        }
        Value::String(time, value) => {
            out.push_str("\"string\",\"result\":[");
            write_seconds(&mut out, *time);
            out.push_str(&format!(",{}]", text(value)));
        }
        Value::Vector(samples) => {
            is_cut = samples.len() > limit;
            out.push_str("\"vector\",\"result\":");
            list(&mut out, samples.iter().take(limit), vector_sample);
        }
        Value::Matrix(series) => {
            is_cut = series.len() > limit;
            out.push_str("\"matrix\",\"result\":");
            list(&mut out, series.iter().take(limit), matrix_series);
        }
    }
    out.push('}');
    (out, is_cut)
}

fn vector_sample(out: &mut String, one: &Sample) {
    out.push_str("{\"metric\":");
    labels(out, &one.labels);
    match &one.value {
        SampleValue::Float(number) => {
            out.push_str(",\"value\":");
            sample(out, one.timestamp_ms, *number);
        }
        SampleValue::Histogram(native) => {
            out.push_str(",\"histogram\":");
            histogram(out, one.timestamp_ms, native);
        }
    }
    out.push('}');
}

fn matrix_series(out: &mut String, series: &Series) {
    out.push_str("{\"metric\":");
    labels(out, &series.labels);
    if !series.floats.is_empty() {
        out.push_str(",\"values\":");
        list(out, &series.floats, |out, (time, number)| sample(out, *time, *number));
    }
    if !series.histograms.is_empty() {
        out.push_str(",\"histograms\":");
        list(out, &series.histograms, |out, (time, native)| histogram(out, *time, native));
    }
    out.push('}');
}

fn sample(out: &mut String, time_ms: i64, number: f64) {
    out.push('[');
    write_seconds(out, time_ms);
    out.push_str(",\"");
    write_value(out, number);
    out.push_str("\"]");
}

fn histogram(out: &mut String, time_ms: i64, native: &Histogram) {
    let quoted = |out: &mut String, number: f64| {
        out.push('"');
        write_value(out, number);
        out.push('"');
    };
    out.push('[');
    write_seconds(out, time_ms);
    out.push_str(",{\"count\":");
    quoted(out, native.count);
    out.push_str(",\"sum\":");
    quoted(out, native.sum);
    let mut buckets = native.buckets();
    buckets.retain(|bucket| bucket.count != 0.0);
    if !buckets.is_empty() {
        out.push_str(",\"buckets\":");
        list(out, buckets, |out, bucket| {
            // Open left, open right, open on both sides, closed on both.
            let rule = match (bucket.lower_inclusive, bucket.upper_inclusive) {
                (false, true) => 0,
                (true, false) => 1,
                (false, false) => 2,
                (true, true) => 3,
            };
            out.push_str(&format!("[{rule},"));
            for (at, number) in [bucket.lower, bucket.upper, bucket.count].into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quoted(out, number);
            }
            out.push(']');
        });
    }
    out.push_str("}]");
}
