//! Running a script: each `eval` is a case.
//!
//! As in Prometheus, an expression for one time is evaluated in three ways: as it is; with `@` on every selector, at other times; and as
//! the middle step of a range.

use std::sync::Arc;

use telltale_promql::ast::{At, ExprKind, TimeShift};
use telltale_promql::{Engine, Expr, Limits, Sample, SampleValue, Value, parse};

use super::command::{Command, Eval, Kind};
use super::{check, load};
use crate::memory::Memory;

/// How a case went.
pub(crate) struct Outcome {
    pub(crate) line: usize,
    pub(crate) expr: String,
    pub(crate) result: Result<(), String>,
}

pub(crate) fn run(commands: &[Command]) -> Vec<Outcome> {
    let mut memory = Memory::default();
    let mut out = Vec::new();
    for command in commands {
        match &command.kind {
            Kind::Clear => memory = Memory::default(),
            Kind::Load(series) => load::load(&mut memory, series),
            Kind::Eval(eval) => {
                let result = case(&memory, eval);
                out.push(Outcome { line: command.line, expr: eval.expr.clone(), result });
            }
        }
    }
    out
}

fn engine() -> Engine<'static> {
    Engine::new(Limits::default()).with_start_timestamps()
}

fn case(memory: &Memory, eval: &Eval) -> Result<(), String> {
    if let Some(step) = eval.step_ms {
        return range(memory, eval, step);
    }
    instant(memory, eval, &eval.expr, eval.start_ms)?;
    for time in pinned_times(&eval.expr, eval.start_ms) {
        let pinned = pinned(&eval.expr, eval.start_ms)?;
        instant(memory, eval, &pinned, time).map_err(|error| format!("as {pinned} at {time}: {error}"))?;
    }
    Ok(())
}

fn failed(eval: &Eval, error: &str) -> Result<(), String> {
    match (&eval.fail_text, eval.fails) {
        (_, false) => Err(format!("failed: {error}")),
        (Some(text), true) if !text.fits(error) => Err(format!("failed with {error:?}, not {text:?}")),
        _ => Ok(()),
    }
}

fn range(memory: &Memory, eval: &Eval, step: i64) -> Result<(), String> {
    let answer = parse(&eval.expr).map_err(|error| error.to_string()).and_then(|expr| {
        let answer = engine().range(memory, &expr, &eval.expr, eval.start_ms, eval.end_ms, step);
        answer.map_err(|error| error.to_string())
    });
    match answer {
        Err(error) => failed(eval, &error),
        Ok(_) if eval.fails => Err("should have failed".to_owned()),
        Ok(answer) => check::notes(eval, &answer).and_then(|()| check::value(eval, &answer.value)),
    }
}

fn instant(memory: &Memory, eval: &Eval, text: &str, time: i64) -> Result<(), String> {
    let expr = match parse(text) {
        Ok(expr) => expr,
        Err(error) => return failed(eval, &error.to_string()),
    };
    let answer = match engine().instant(memory, &expr, text, time) {
        Err(error) => return failed(eval, &error.to_string()),
        Ok(_) if eval.fails => return Err("should have failed".to_owned()),
        Ok(answer) => answer,
    };
    check::notes(eval, &answer)?;
    check::value(eval, &answer.value)?;
    let context_functions = ["start()", "end()", "range()", "step()"];
    if eval.range_vector.is_some() || eval.string.is_some() || context_functions.iter().any(|call| text.contains(call))
    {
        return Ok(());
    }
    let answer = engine().range(memory, &expr, text, time - 60_000, time + 60_000, 60_000);
    let Value::Matrix(series) = answer.map_err(|error| format!("as range: {error}"))?.value else {
        return Err("as range: no matrix".to_owned());
    };
    if eval.is_ordered {
        return Ok(());
    }
    let mut samples = Vec::new();
    for one in series {
        let float = one.floats.iter().find(|point| point.0 == time).map(|point| SampleValue::Float(point.1));
        let histogram = || {
            one.histograms
                .iter()
                .find(|point| point.0 == time)
                .map(|point| SampleValue::Histogram(Arc::clone(&point.1)))
        };
        if let Some(value) = float.or_else(histogram) {
            samples.push(Sample { labels: one.labels, timestamp_ms: time, value });
        }
    }
    let result = match (eval.scalar, samples.first()) {
        (Some(_), Some(Sample { value: SampleValue::Float(value), .. })) => {
            check::value(eval, &Value::Scalar(time, *value))
        }
        _ => check::vector(eval, &samples, false),
    };
    result.map_err(|error| format!("as range: {error}"))
}

/// Times at which an expression with all its selectors pinned must give the same. None for those that ask for the time.
fn pinned_times(text: &str, time: i64) -> Vec<i64> {
    let Ok(expr) = parse(text) else { return Vec::new() };
    if asks_for_time(&expr) {
        return Vec::new();
    }
    if time == 0 { vec![-1000, 0, 1000] } else { vec![-10 * time, 0, time / 5, time, 10 * time] }
}

fn asks_for_time(expr: &Expr) -> bool {
    const NAMES: [&str; 15] = [
        "days_in_month",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "end",
        "hour",
        "minute",
        "month",
        "year",
        "predict_linear",
        "range",
        "start",
        "step",
        "time",
        "timestamp",
    ];
    let here = matches!(&expr.kind, ExprKind::Call(call) if NAMES.contains(&call.function.name));
    let below = match &expr.kind {
        // What a pinned subquery holds keeps its own times.
        ExprKind::Subquery(subquery) if subquery.shift.at.is_some() => false,
        _ => expr.children().into_iter().any(asks_for_time),
    };
    here || below
}

fn pinned(text: &str, time: i64) -> Result<String, String> {
    let mut expr = parse(text).map_err(|error| error.to_string())?;
    pin(&mut expr, time);
    Ok(expr.to_string())
}

fn pin(expr: &mut Expr, time: i64) {
    let fix = |shift: &mut TimeShift| shift.at = shift.at.or(Some(At::Time(time)));
    match &mut expr.kind {
        ExprKind::Vector(selector) => fix(&mut selector.shift),
        ExprKind::Matrix(matrix) => fix(&mut matrix.selector.shift),
        ExprKind::Subquery(subquery) => fix(&mut subquery.shift),
        ExprKind::Paren(inner) => pin(inner, time),
        ExprKind::Unary(unary) => pin(&mut unary.expr, time),
        ExprKind::Binary(binary) => {
            pin(&mut binary.lhs, time);
            pin(&mut binary.rhs, time);
        }
        ExprKind::Aggregate(aggregate) => {
            pin(&mut aggregate.expr, time);
            aggregate.param.iter_mut().for_each(|param| pin(param, time));
        }
        ExprKind::Call(call) => call.args.iter_mut().for_each(|arg| pin(arg, time)),
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Missing => {}
    }
}
