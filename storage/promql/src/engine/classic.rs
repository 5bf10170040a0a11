//! `histogram_quantile` and `histogram_fraction`: of native histograms, and of classic ones, which are gathered from their buckets.

use std::collections::HashMap;

use super::call::arg;
use super::column::{Column, Row, Steps};
use super::eval::Eval;
use crate::annotations::{Annotations, Forced, for_metric};
use crate::ast::{Call, PosRange};
use crate::error::Error;
use crate::functions::FunctionId;
use crate::labels::{Labels, LabelsBuilder};

mod buckets;

use buckets::{Bucket, fraction, quantile};

const BUCKET_LABEL: &str = "le";

/// Says so when a quantile is not between 0 and 1.
pub(super) fn check_quantile(q: f64, place: PosRange, notes: &mut Annotations) {
    if q.is_nan() || !(0.0..=1.0).contains(&q) {
        let q = crate::math::go_g(q);
        notes.warn(format!("quantile value should be between 0 and 1, got {q}"), place);
    }
}

/// The series of a classic histogram, or a native one.
#[derive(Default)]
struct Family {
    /// Upper bounds and the rows that count up to them, ascending.
    buckets: Vec<(f64, usize)>,
    native: Option<usize>,
    labels: Labels,
}

/// What is asked of each histogram.
enum Question {
    Quantile(Vec<f64>),
    Fraction(Vec<f64>, Vec<f64>),
}

impl Eval<'_> {
    pub(super) fn classic(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let (vector, questions) = match call.function.id {
            FunctionId::HistogramQuantile => {
                let q = arg(call, 0)?.unwrapped();
                let qs = self.scalar(q, steps)?;
                qs.iter().for_each(|value| check_quantile(*value, q.range, &mut self.notes));
                (arg(call, 1)?, vec![(None, Question::Quantile(qs))])
            }
            FunctionId::HistogramFraction => {
                let lower = self.scalar(arg(call, 0)?.unwrapped(), steps)?;
                let upper = self.scalar(arg(call, 1)?.unwrapped(), steps)?;
                (arg(call, 2)?, vec![(None, Question::Fraction(lower, upper))])
            }
            _ => (arg(call, 0)?, self.many_quantiles(call, steps)?),
        };
        let place = vector.unwrapped().range;
        let rows = self.with_buckets(|eval| eval.vector(vector.unwrapped(), steps))?;
        let families = self.families(&rows, place);
        let mut out = Vec::new();
        for family in &families {
            for (label, question) in &questions {
                let column = self.answers(family, question, &rows, steps, place);
                if column.is_empty() {
                    continue;
                }
                let mut labels = LabelsBuilder::new(&family.labels);
                if let Some((name, value)) = label {
                    labels.set(name, value.as_str());
                }
                out.push(Row { labels: labels.build(), drop_name: true, column });
            }
        }
        Ok(out)
    }

    /// `histogram_quantiles(v, "label", 0.5, 0.9)`: each quantile under a label of its own.
    #[expect(clippy::type_complexity, reason = "a question and the label of its answer")]
    fn many_quantiles(
        &mut self,
        call: &Call,
        steps: Steps,
    ) -> Result<Vec<(Option<(String, String)>, Question)>, Error> {
        let name = super::label::text(call, 1)?.text.clone();
        let mut out = Vec::new();
        for at in 2..call.args.len() {
            let q = arg(call, at)?.unwrapped();
            let qs = self.scalar(q, steps)?;
            qs.iter().for_each(|value| check_quantile(*value, q.range, &mut self.notes));
            let shown = open_metrics(qs.first().copied().unwrap_or(f64::NAN));
            out.push((Some((name.clone(), shown)), Question::Quantile(qs)));
        }
        Ok(out)
    }

    /// Puts the series of each classic histogram together: those with the same labels but for `le`.
    fn families(&mut self, rows: &[Row], place: PosRange) -> Vec<Family> {
        let mut out: Vec<Family> = Vec::new();
        let mut by_labels: HashMap<Labels, usize> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            if row.column.has_histograms() {
                let index = family_of(row.labels.clone(), &mut out, &mut by_labels);
                if let Some(found) = out.get_mut(index) {
                    found.native = Some(at);
                }
            }
            if row.column.raw_floats().iter().any(|value| super::column::is_present(*value)) {
                let le = row.labels.get(BUCKET_LABEL);
                let Some(bound) = upper_bound(le) else {
                    let text = format!("bucket label \"le\" is missing or has a malformed value of {le:?}");
                    self.notes.warn(for_metric(&text, row.labels.metric_name()), place);
                    continue;
                };
                let labels = row.labels.filter(|name| name != BUCKET_LABEL);
                let index = family_of(labels, &mut out, &mut by_labels);
                if let Some(found) = out.get_mut(index) {
                    found.buckets.push((bound, at));
                }
            }
        }
        for family in &mut out {
            family.buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
        }
        out
    }

    fn answers(&mut self, family: &Family, question: &Question, rows: &[Row], steps: Steps, place: PosRange) -> Column {
        let mut column = Column::default();
        let mut buckets: Vec<Bucket> = Vec::with_capacity(family.buckets.len());
        let metric = family.labels.metric_name();
        for at in 0..steps.count {
            buckets.clear();
            buckets.extend(family.buckets.iter().filter_map(|(upper, row)| {
                let count = rows.get(*row)?.column.float(at)?;
                Some(Bucket { upper: *upper, count })
            }));
            let native = family.native.and_then(|row| rows.get(row)?.column.histogram(at));
            let value = match (native, buckets.is_empty()) {
                (Some(_), false) => {
                    let text = "vector contains a mix of classic and native histograms";
                    self.notes.warn(for_metric(text, metric), place);
                    continue;
                }
                (Some(histogram), true) => question.of_native(at, histogram, metric, place, &mut self.notes),
                (None, false) => {
                    let time = steps.time(at);
                    question.of_classic(at, time, &mut buckets, (metric, place), &mut self.notes)
                }
                (None, true) => continue,
            };
            column.set_float(at, value, steps.count);
        }
        column
    }
}

/// The family with these labels, a new one where there is none.
fn family_of(labels: Labels, out: &mut Vec<Family>, by_labels: &mut HashMap<Labels, usize>) -> usize {
    *by_labels.entry(labels.clone()).or_insert_with(|| {
        out.push(Family { labels, ..Family::default() });
        out.len() - 1
    })
}

impl Question {
    fn of_native(
        &self,
        at: usize,
        histogram: &crate::histogram::Histogram,
        metric: &str,
        place: PosRange,
        notes: &mut Annotations,
    ) -> f64 {
        let get = |values: &[f64]| values.get(at).copied().unwrap_or(f64::NAN);
        match self {
            Self::Quantile(qs) => {
                let found = histogram.quantile(get(qs));
                let text = "input to histogram_quantile has NaN observations, result is";
                if found.is_nan_observation {
                    notes.info(for_metric(&format!("{text} NaN"), metric), place);
                }
                if found.is_skewed {
                    notes.info(for_metric(&format!("{text} skewed higher"), metric), place);
                }
                found.value
            }
            Self::Fraction(lower, upper) => {
                let found = histogram.fraction(get(lower), get(upper));
                if found.excludes_nan {
                    let text =
                        "input to histogram_fraction has NaN observations, which are excluded from all fractions";
                    notes.info(for_metric(text, metric), place);
                }
                found.value
            }
        }
    }

    fn of_classic(
        &self,
        at: usize,
        time: i64,
        buckets: &mut Vec<Bucket>,
        (metric, place): (&str, PosRange),
        notes: &mut Annotations,
    ) -> f64 {
        let get = |values: &[f64]| values.get(at).copied().unwrap_or(f64::NAN);
        match self {
            Self::Fraction(lower, upper) => fraction(get(lower), get(upper), buckets),
            Self::Quantile(qs) => {
                let (value, fixed) = quantile(get(qs), buckets);
                if let Some(fixed) = fixed {
                    let forced = Forced {
                        first_ms: time,
                        last_ms: time,
                        min_bucket: fixed.min_bucket,
                        max_bucket: fixed.max_bucket,
                        max_difference: fixed.max_difference,
                        samples: 1,
                    };
                    notes.forced(metric, place, forced);
                }
                value
            }
        }
    }
}

/// The number of a `le` label.
fn upper_bound(label: &str) -> Option<f64> {
    let label = label.strip_prefix('+').unwrap_or(label);
    let starts_well = label.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '.' || char == '-');
    if starts_well { label.parse().ok().filter(|bound: &f64| !bound.is_nan()) } else { None }
}

/// A number as OpenMetrics writes it: whole numbers with `.0`.
fn open_metrics(value: f64) -> String {
    let text = crate::math::go_g(value);
    if value.is_finite() && !text.contains(['.', 'e']) { format!("{text}.0") } else { text }
}
