//! The evaluator.
//!
//! Values are kept in columns: a row is a series, its column one cell a step. A selector, the range function around it and the aggregation
//! around that work on one series at a time ([`leaf`], [`range`], [`aggregate`]): `sum by (x) (rate(m[5m]))` never holds more than the
//! samples of one series and a cell for each group and step.

use crate::annotations::Annotations;
use crate::ast::{Expr, ExprKind, ValueType};
use crate::error::Error;
use crate::labels::Labels;
use crate::limits::Limits;
use crate::source::Source;
use crate::value::{Answer, Sample, SampleValue, Series, Value};

mod absent;
mod aggregate;
mod binary;
mod call;
mod classic;
mod column;
mod eval;
mod info;
mod label;
mod leaf;
mod over_time;
mod plan;
mod range;
mod scalar;
mod smooth;
mod sort;
mod subquery;

use column::{Row, Steps};
use eval::Eval;

/// Says when a query shall stop: its time is over, or nobody waits for it.
pub trait Interrupt {
    /// [`Error::timeout`], [`Error::canceled`], or none to go on. Called often: must be quick.
    fn check(&self) -> Option<Error>;
}

/// Evaluates expressions. Cheap to make: one for each query.
#[derive(Clone)]
pub struct Engine<'a> {
    limits: Limits,
    interrupt: Option<&'a dyn Interrupt>,
    uses_start_timestamps: bool,
}

impl std::fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Engine<'static> {
    /// An engine with these limits that is never interrupted.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, interrupt: None, uses_start_timestamps: false }
    }
}

impl<'a> Engine<'a> {
    /// The same, stopping when `interrupt` says so.
    #[must_use]
    pub fn interrupted_by<'b>(self, interrupt: &'b dyn Interrupt) -> Engine<'b>
    where
        'a: 'b,
    {
        Engine { limits: self.limits, interrupt: Some(interrupt), uses_start_timestamps: self.uses_start_timestamps }
    }

    /// The same, using the start times of samples: resets that the values do not show are found, and the first sample of a counter
    /// counts. Off by default, as in Prometheus.
    #[must_use]
    pub fn with_start_timestamps(self) -> Self {
        Self { uses_start_timestamps: true, ..self }
    }

    /// Evaluates an expression at one time. `query` is the text that it was parsed from.
    ///
    /// # Errors
    /// See [`crate::ErrorKind`].
    pub fn instant(&self, source: &dyn Source, expr: &Expr, query: &str, time_ms: i64) -> Result<Answer, Error> {
        let mut eval = self.eval(source, time_ms, time_ms, 0);
        eval.check_durations(expr)?;
        let steps = Steps { start: time_ms, step: 1, count: 1 };
        let inner = expr.unwrapped();
        let value = match inner.value_type() {
            ValueType::Scalar => {
                let scalar = eval.scalar(inner, steps)?;
                Value::Scalar(time_ms, scalar.first().copied().unwrap_or(f64::NAN))
            }
            ValueType::String => match &inner.kind {
                ExprKind::String(literal) => Value::String(time_ms, literal.text.clone()),
                _ => return Err(Error::execution("expression has no text")),
            },
            ValueType::Vector => {
                let rows = eval.vector(inner, steps)?;
                Value::Vector(vector(rows, time_ms)?)
            }
            ValueType::Matrix => Value::Matrix(sorted(eval.matrix(inner, time_ms)?)),
        };
        Ok(eval.answer(value, query))
    }

    /// Evaluates an expression at `start_ms`, and every `step_ms` from there up to `end_ms`.
    ///
    /// # Errors
    /// See [`crate::ErrorKind`].
    #[expect(clippy::too_many_arguments, reason = "the parameters of a range query")]
    pub fn range(
        &self,
        source: &dyn Source,
        expr: &Expr,
        query: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Answer, Error> {
        let steps = self.steps(start_ms, end_ms, step_ms)?;
        let inner = expr.unwrapped();
        let mut eval = self.eval(source, start_ms, end_ms, step_ms);
        eval.check_durations(expr)?;
        let value = match inner.value_type() {
            ValueType::Scalar => {
                let column = eval.scalar(inner, steps)?;
                let floats = steps.times().zip(column).collect();
                Value::Matrix(vec![Series { labels: Labels::empty(), floats, histograms: Vec::new() }])
            }
            ValueType::Vector => {
                let rows = eval.vector(inner, steps)?;
                Value::Matrix(sorted(merged(rows, steps)?))
            }
            other => {
                let found = other.documented();
                let text = "for range query, must be Scalar or instant Vector";
                return Err(Error::bad_data(format!("invalid expression type {found:?} {text}")));
            }
        };
        Ok(eval.answer(value, query))
    }

    fn steps(&self, start_ms: i64, end_ms: i64, step_ms: i64) -> Result<Steps, Error> {
        if end_ms < start_ms {
            return Err(Error::bad_data("end timestamp must not be before start time"));
        }
        if step_ms <= 0 {
            let text = "zero or negative query resolution step widths are not accepted. Try a positive integer";
            return Err(Error::bad_data(text));
        }
        let span = end_ms.checked_sub(start_ms).ok_or_else(|| Error::bad_data("the time range is too long"))?;
        if span / step_ms > self.limits.steps_max {
            let text = "points per timeseries. Try decreasing the query resolution (?step=XX)";
            let most = with_commas(self.limits.steps_max);
            return Err(Error::bad_data(format!("exceeded maximum resolution of {most} {text}")));
        }
        let count = usize::try_from(span / step_ms).unwrap_or(usize::MAX - 1) + 1;
        Ok(Steps { start: start_ms, step: step_ms, count })
    }

    fn eval<'e>(&'e self, source: &'e dyn Source, start: i64, end: i64, step: i64) -> Eval<'e> {
        Eval {
            source,
            limits: &self.limits,
            interrupt: self.interrupt,
            uses_start_timestamps: self.uses_start_timestamps,
            query: plan::Query { start, end, step },
            notes: Annotations::default(),
            warnings: Vec::new(),
            infos: Vec::new(),
            wants_totals: 0,
            needs_buckets: 0,
            held: 0,
            samples_read: 0,
            series_read: 0,
        }
    }
}

impl Eval<'_> {
    fn answer(self, value: Value, query: &str) -> Answer {
        let (mut warnings, mut infos) = self.notes.render(query);
        warnings.extend(self.warnings);
        infos.extend(self.infos);
        warnings.sort();
        warnings.dedup();
        infos.sort();
        infos.dedup();
        Answer { value, warnings, infos, samples_read: self.samples_read, series_read: self.series_read }
    }
}

const SAME_LABELS: &str = "vector cannot contain metrics with the same labelset";

/// The rows at their one step, names dropped where they no longer fit.
fn vector(rows: Vec<Row>, time_ms: i64) -> Result<Vec<Sample>, Error> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let labels = row.final_labels();
        let Some(value) = row.column.take_first() else { continue };
        out.push(Sample { labels, timestamp_ms: time_ms, value });
    }
    let mut seen: Vec<&Labels> = out.iter().map(|sample| &sample.labels).collect();
    seen.sort_unstable();
    if seen.is_sorted_by(|left, right| left < right) { Ok(out) } else { Err(Error::execution(SAME_LABELS)) }
}

/// The rows as series; those that have the same labels once their names are dropped become one, if they share no time.
fn merged(rows: Vec<Row>, steps: Steps) -> Result<Vec<Series>, Error> {
    let mut all: Vec<Series> = Vec::with_capacity(rows.len());
    for row in rows {
        let labels = row.final_labels();
        let (floats, histograms) = row.column.into_points(steps);
        if !floats.is_empty() || !histograms.is_empty() {
            all.push(Series { labels, floats, histograms });
        }
    }
    all.sort_by(|left, right| left.labels.cmp(&right.labels));
    let mut out: Vec<Series> = Vec::with_capacity(all.len());
    for series in all {
        match out.last_mut().filter(|last| last.labels == series.labels) {
            None => out.push(series),
            Some(last) => {
                last.floats.extend(series.floats);
                last.histograms.extend(series.histograms);
                last.floats.sort_by_key(|point| point.0);
                last.histograms.sort_by_key(|point| point.0);
                let twice = !last.floats.is_sorted_by(|left, right| left.0 < right.0)
                    || !last.histograms.is_sorted_by(|left, right| left.0 < right.0);
                if twice {
                    return Err(Error::execution(SAME_LABELS));
                }
            }
        }
    }
    Ok(out)
}

fn sorted(mut series: Vec<Series>) -> Vec<Series> {
    series.sort_by(|left, right| left.labels.cmp(&right.labels));
    series
}

/// `11,000`
fn with_commas(value: i64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl From<SampleValue> for column::Cell {
    fn from(value: SampleValue) -> Self {
        match value {
            SampleValue::Float(value) => Self::Float(value),
            SampleValue::Histogram(histogram) => Self::Histogram(histogram),
        }
    }
}
