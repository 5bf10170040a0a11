//! `query`, `query_range`, `query_exemplars`, `format_query` and `parse_query`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use telltale_promql::limits::STEPS_MAX;
use telltale_promql::{Engine, Error, Expr, Limits, Matcher};

use super::envelope::{Answer, Failure};
use super::form::Form;
use super::json::{self, text};
use super::run::run;
use crate::state::AppState;

/// Evaluates an expression at one time.
pub(super) async fn instant(State(state): State<Arc<AppState>>, form: Form) -> Result<Answer, Failure> {
    let limit = form.limit("limit")?;
    let time = form.time("time")?.unwrap_or_else(|| now_ms(&state));
    let (query, expr, limits) = understand(&form)?;
    let answer = run(&state, "promql", timeout(&form)?, move |view, watch| {
        let engine = Engine::new(limits).interrupted_by(watch);
        engine.instant(view, &expr, &query, time).map(|answer| shape(answer, limit))
    });
    answer.await
}

/// Evaluates an expression over time.
pub(super) async fn range(State(state): State<Arc<AppState>>, form: Form) -> Result<Answer, Failure> {
    let limit = form.limit("limit")?;
    let (start, end) = (form.required_time("start")?, form.required_time("end")?);
    if end < start {
        return Err(Failure::parameter("end", "end timestamp must not be before start time"));
    }
    let step =
        form.duration("step")?.ok_or_else(|| Failure::parameter("step", "cannot parse \"\" to a valid duration"))?;
    if step <= 0 {
        return Err(Failure::parameter(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if (end - start) / step >= STEPS_MAX {
        return Err(Failure::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let (query, expr, limits) = understand(&form)?;
    let answer = run(&state, "promql_range", timeout(&form)?, move |view, watch| {
        let engine = Engine::new(limits).interrupted_by(watch);
        engine.range(view, &expr, &query, start, end, step).map(|answer| shape(answer, limit))
    });
    answer.await
}

/// Returns exemplars of every selector of an expression.
pub(super) async fn exemplars(State(state): State<Arc<AppState>>, form: Form) -> Result<Answer, Failure> {
    let start = form.time("start")?.unwrap_or(super::time::MIN_MS);
    let end = form.time("end")?.unwrap_or(super::time::MAX_MS);
    if end < start {
        return Err(Failure::bad_data("end timestamp must not be before start timestamp"));
    }
    let (_, expr, _) = understand(&form)?;
    let answer = run(&state, "exemplars", timeout(&form)?, move |view, _| {
        let matchers = expr.selectors().into_iter().map(telltale_promql::VectorSelector::matchers);
        let selectors =
            matchers.collect::<Result<Vec<Vec<Matcher>>, _>>().map_err(|(_, text)| Error::bad_data(text))?;
        let selectors: Vec<&[Matcher]> = selectors.iter().map(Vec::as_slice).collect();
        view.exemplars(&selectors, start, end)
    });
    let (series, is_cut) = answer.await?;
    let mut data = String::new();
    json::list(&mut data, &series, |out, series| {
        out.push_str("{\"seriesLabels\":");
        json::labels(out, &series.labels);
        out.push_str(",\"exemplars\":");
        json::list(out, &series.exemplars, exemplar);
        out.push('}');
    });
    let mut answer = Answer::of(data);
    if is_cut {
        let most = telltale_metrics::limits::EXEMPLARS_MAX;
        answer.warnings.push(format!("more than {most} exemplars: the rest is left out; ask for a shorter time"));
    }
    Ok(answer)
}

fn exemplar(out: &mut String, exemplar: &telltale_metrics::QueryExemplar) {
    out.push_str("{\"labels\":{");
    let labels = exemplar.labels.iter().map(|(name, value)| format!("{}:{}", text(name), text(value)));
    out.push_str(&labels.collect::<Vec<_>>().join(","));
    out.push_str("},\"value\":\"");
    telltale_prometheus::number::write_value(out, exemplar.value);
    out.push_str("\",\"timestamp\":");
    telltale_prometheus::number::write_seconds(out, exemplar.timestamp_ms);
    out.push('}');
}

/// Formats an expression.
pub(super) async fn format(form: Form) -> Result<Answer, Failure> {
    let (_, expr, _) = understand(&form)?;
    Ok(Answer::of(text(&telltale_promql::pretty(&expr))))
}

/// Returns the tree of an expression.
pub(super) async fn parse(form: Form) -> Result<Answer, Failure> {
    let (_, expr, _) = understand(&form)?;
    Ok(Answer::of(telltale_promql::to_json(&expr)))
}

fn understand(form: &Form) -> Result<(String, Expr, Limits), Failure> {
    let query = form.get("query").unwrap_or_default();
    let expr = telltale_promql::parse(query).map_err(|error| Failure::parameter("query", error))?;
    let mut limits = Limits::default();
    if let Some(lookback_ms) = form.duration("lookback_delta")? {
        if lookback_ms <= 0 {
            return Err(Failure::parameter("lookback_delta", "the duration must be positive"));
        }
        limits.lookback_ms = lookback_ms;
    }
    Ok((query.to_owned(), expr, limits))
}

fn timeout(form: &Form) -> Result<Option<Duration>, Failure> {
    let time = form.duration("timeout")?;
    Ok(time.map(|time| Duration::from_millis(u64::try_from(time).unwrap_or(0))))
}

fn shape(answer: telltale_promql::Answer, limit: Option<usize>) -> Answer {
    let (data, is_cut) = json::value(&answer.value, limit);
    let mut warnings = answer.warnings;
    warnings.extend(is_cut.then(|| CUT.to_owned()));
    Answer { data, warnings, infos: answer.infos }
}

/// What an answer says that a limit made shorter.
pub(super) const CUT: &str = "results truncated due to limit";

/// The time now, in milliseconds.
pub(super) fn now_ms(state: &AppState) -> i64 {
    i64::try_from(state.now().0 / 1_000_000).unwrap_or(i64::MAX)
}

/// Parses the selectors of `match[]`.
pub(super) fn selectors(form: &Form) -> Result<Vec<Vec<Matcher>>, Failure> {
    let parse = |text: &str| {
        let matchers = telltale_promql::parse_selector(text).map_err(|error| Failure::parameter("match[]", error))?;
        if matchers.iter().all(Matcher::matches_empty) {
            return Err(Failure::bad_data("match[] must contain at least one non-empty matcher"));
        }
        Ok(matchers)
    };
    form.all("match[]").into_iter().map(parse).collect()
}
