//! Functions of instant vectors.

use super::column::{Column, Row, Steps, is_present};
use super::eval::Eval;
use super::leaf::Wanted;
use crate::ast::{Call, Expr, ExprKind, PosRange};
use crate::error::Error;
use crate::functions::FunctionId;
use crate::labels::Labels;
use crate::math::{Civil, go_max, go_min, millis_f64, truncated};

impl<'e> Eval<'e> {
    pub(super) fn call(&mut self, call: &Call, range: PosRange, steps: Steps) -> Result<Vec<Row>, Error> {
        use FunctionId as F;
        match call.function.id {
            F::Absent | F::AbsentOverTime => self.absent(call, steps),
            F::Clamp | F::ClampMin | F::ClampMax => self.clamp(call, steps),
            F::Round => self.round(call, steps),
            F::Timestamp | F::StartTimestamp => self.timestamp(call, steps),
            F::Vector => {
                let column = Column::of_floats(self.scalar(arg(call, 0)?, steps)?);
                Ok(vec![Row { labels: Labels::empty(), drop_name: false, column }])
            }
            F::Sort | F::SortDesc | F::SortByLabel | F::SortByLabelDesc => self.sort(call, range, steps),
            F::LabelReplace => self.label_replace(call, steps),
            F::LabelJoin => self.label_join(call, steps),
            F::Info => self.info(call, steps),
            F::HistogramQuantile | F::HistogramQuantiles | F::HistogramFraction => self.classic(call, steps),
            F::HistogramAvg | F::HistogramCount | F::HistogramSum | F::HistogramStddev | F::HistogramStdvar => {
                self.of_histograms(call, steps)
            }
            id => match (date_function(id), math_function(id)) {
                (Some(function), _) => self.date(call, function, steps),
                (None, Some(function)) => self.map(arg(call, 0)?, steps, &|_, value| function(value)),
                (None, None) => Err(Error::execution(format!("function {:?} cannot be evaluated", call.function.name))),
            },
        }
    }

    /// A number for each number; histograms fall out.
    pub(super) fn map(
        &mut self,
        expr: &Expr,
        steps: Steps,
        function: &dyn Fn(usize, f64) -> f64,
    ) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        self.stream(expr.unwrapped(), steps, &mut |eval: &mut Eval<'e>, labels, _, column| {
            column.clear_histograms();
            for (at, value) in column.floats_mut() {
                let result = function(at, *value);
                *value = if is_present(result) { result } else { f64::NAN };
            }
            if !column.is_empty() {
                let column = std::mem::take(column);
                eval.hold(column.weight())?;
                rows.push(Row { labels: labels.clone(), drop_name: true, column });
            }
            Ok(())
        })?;
        Ok(rows)
    }

    fn clamp(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let bound = |eval: &mut Self, at: usize| match call.args.get(at) {
            Some(bound) => eval.scalar(bound.unwrapped(), steps),
            None => Ok(Vec::new()),
        };
        let (low, high) = match call.function.id {
            FunctionId::ClampMin => (bound(self, 1)?, Vec::new()),
            FunctionId::ClampMax => (Vec::new(), bound(self, 1)?),
            _ => (bound(self, 1)?, bound(self, 2)?),
        };
        let at = |bounds: &[f64], at: usize, open: f64| bounds.get(at).copied().unwrap_or(open);
        let mut rows = self.map(arg(call, 0)?, steps, &|step, value| {
            go_max(at(&low, step, f64::NEG_INFINITY), go_min(at(&high, step, f64::INFINITY), value))
        })?;
        // Bounds the wrong way round give nothing.
        let crossed: Vec<usize> = (0..steps.count)
            .filter(|step| at(&high, *step, f64::INFINITY) < at(&low, *step, f64::NEG_INFINITY))
            .collect();
        if !crossed.is_empty() {
            for row in &mut rows {
                for step in &crossed {
                    row.column.set_absent(*step);
                }
            }
            rows.retain(|row| !row.column.is_empty());
        }
        Ok(rows)
    }

    fn round(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let nearest = match call.args.get(1) {
            Some(nearest) => self.scalar(nearest.unwrapped(), steps)?,
            None => vec![1.0; steps.count],
        };
        // Multiplying by the inverse is more exact than dividing.
        self.map(arg(call, 0)?, steps, &|step, value| {
            let inverse = 1.0 / nearest.get(step).copied().unwrap_or(1.0);
            (value * inverse + 0.5).floor() / inverse
        })
    }

    /// Of a selector the times of its samples, of other expressions the time of the evaluation.
    fn timestamp(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let inner = arg(call, 0)?.unwrapped();
        let is_start = call.function.id == FunctionId::StartTimestamp;
        if let ExprKind::Vector(selector) = &inner.kind {
            if is_start && !self.uses_start_timestamps {
                return Ok(Vec::new());
            }
            let wanted = if is_start { Wanted::StartTimestamp } else { Wanted::Timestamp };
            let rows = self.newest_rows(selector, steps, wanted)?;
            return Ok(rows.into_iter().map(|(labels, column)| Row { labels, drop_name: true, column }).collect());
        }
        let mut rows = self.vector(inner, steps)?;
        if is_start {
            return Ok(Vec::new());
        }
        for row in &mut rows {
            let mut column = Column::default();
            for (at, time) in steps.times().enumerate().filter(|(at, _)| row.column.has(*at)) {
                column.set_float(at, millis_f64(time) / 1000.0, steps.count);
            }
            row.column = column;
            row.drop_name = true;
        }
        Ok(rows)
    }

    fn date(&mut self, call: &Call, function: fn(Civil) -> i64, steps: Steps) -> Result<Vec<Row>, Error> {
        let of = |seconds: i64| millis_f64(function(Civil::of(seconds)));
        match call.args.first() {
            Some(vector) => self.map(vector, steps, &|_, value| of(truncated(value))),
            None => {
                let column = Column::of_floats(steps.times().map(|time| of(time.div_euclid(1000))).collect());
                Ok(vec![Row { labels: Labels::empty(), drop_name: false, column }])
            }
        }
    }

    fn of_histograms(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let id = call.function.id;
        let mut rows = Vec::new();
        let is_total = matches!(id, FunctionId::HistogramCount | FunctionId::HistogramSum | FunctionId::HistogramAvg);
        self.wants_totals += u32::from(is_total);
        let streamed = self.stream(arg(call, 0)?.unwrapped(), steps, &mut |eval, labels, _, column| {
            if !column.has_histograms() {
                return Ok(());
            }
            let mut out = Column::default();
            for (at, histogram) in column.histograms_mut() {
                let value = match id {
                    FunctionId::HistogramCount => histogram.count,
                    FunctionId::HistogramSum => histogram.sum,
                    FunctionId::HistogramAvg => histogram.sum / histogram.count,
                    FunctionId::HistogramStdvar => histogram.variance(),
                    _ => histogram.variance().sqrt(),
                };
                out.set_float(at, value, steps.count);
            }
            eval.hold(out.weight())?;
            rows.push(Row { labels: labels.clone(), drop_name: true, column: out });
            Ok(())
        });
        self.wants_totals -= u32::from(is_total);
        streamed?;
        Ok(rows)
    }
}

/// An argument; the parser has counted them.
pub(super) fn arg(call: &Call, at: usize) -> Result<&Expr, Error> {
    call.args.get(at).ok_or_else(|| Error::execution(format!("call to {:?} lacks an argument", call.function.name)))
}

fn math_function(id: FunctionId) -> Option<fn(f64) -> f64> {
    use FunctionId as F;
    Some(match id {
        F::Abs => f64::abs,
        F::Ceil => f64::ceil,
        F::Floor => f64::floor,
        F::Exp => f64::exp,
        F::Sqrt => f64::sqrt,
        F::Ln => f64::ln,
        F::Log2 => f64::log2,
        F::Log10 => f64::log10,
        F::Sin => f64::sin,
        F::Cos => f64::cos,
        F::Tan => f64::tan,
        F::Asin => f64::asin,
        F::Acos => f64::acos,
        F::Atan => f64::atan,
        F::Sinh => f64::sinh,
        F::Cosh => f64::cosh,
        F::Tanh => f64::tanh,
        F::Asinh => f64::asinh,
        F::Acosh => f64::acosh,
        F::Atanh => f64::atanh,
        F::Rad => |value| value * std::f64::consts::PI / 180.0,
        F::Deg => |value| value * 180.0 / std::f64::consts::PI,
        F::Sgn => |value| {
            if value < 0.0 {
                -1.0
            } else if value > 0.0 {
                1.0
            } else {
                value
            }
        },
        _ => return None,
    })
}

fn date_function(id: FunctionId) -> Option<fn(Civil) -> i64> {
    use FunctionId as F;
    Some(match id {
        F::DaysInMonth => Civil::days_in_month,
        F::DayOfMonth => |civil| civil.day,
        F::DayOfWeek => |civil| civil.weekday,
        F::DayOfYear => Civil::day_of_year,
        F::Hour => |civil| civil.hour,
        F::Minute => |civil| civil.minute,
        F::Month => |civil| civil.month,
        F::Year => |civil| civil.year,
        _ => return None,
    })
}
