//! How the objectives of the configuration file stand, by the metrics that are stored.
//!
//! Each objective asks for its good and all events over each of its times, as instant queries at one moment and over one snapshot. An answer
//! serves everybody who asks within [`SLO_FRESH_MS`].

use std::sync::Arc;

use telltale_api::dashboard::{SloList, SloState, SloStatus};
use telltale_dashboards::slo::{Counts, Objective, judge, over, words};
use telltale_metrics::View;
use telltale_promql::{Engine, Error, Interrupt, Limits, SampleValue, Value};
use tokio::sync::Mutex;

use crate::http::problem::Problem;
use crate::limits::SLO_FRESH_MS;
use crate::prometheus;
use crate::state::AppState;

/// The newest answer, with its time in milliseconds.
#[derive(Debug, Default)]
pub struct Slos(Mutex<Option<(i64, Arc<SloList>)>>);

/// Returns how all objectives stand.
///
/// # Errors
/// When the store cannot be asked at all; what is wrong with one objective stands in its state.
pub(crate) async fn list(state: &Arc<AppState>) -> Result<Arc<SloList>, Problem> {
    let now_ms = i64::try_from(state.now().0 / 1_000_000).unwrap_or(i64::MAX);
    let mut held = state.slos.0.lock().await;
    if let Some((at, list)) = &*held
        && (*at..*at + SLO_FRESH_MS).contains(&now_ms)
    {
        return Ok(Arc::clone(list));
    }
    let objectives = state.config.slos.clone();
    let mut slos = Vec::new();
    if !objectives.is_empty() {
        let evaluate = move |view: &View, watch: &dyn Interrupt| {
            objectives.iter().map(|objective| evaluate(view, watch, objective, now_ms)).collect::<Result<Vec<_>, _>>()
        };
        slos = prometheus::ask(state, "slo", evaluate).await?;
    }
    for slo in &mut slos {
        slo.note = kept(state, slo);
    }
    let path = state.config.file.as_ref().map_or_else(|| "telltale.toml".to_owned(), |path| path.display().to_string());
    let list = Arc::new(SloList { slos, path });
    *held = Some((now_ms, Arc::clone(&list)));
    Ok(list)
}

/// One objective; a question that cannot be answered is its state, the end of the time is not.
fn evaluate(view: &View, watch: &dyn Interrupt, objective: &Objective, now_ms: i64) -> Result<SloState, Error> {
    let mut counts = Vec::new();
    for window in objective.times() {
        let both = number(view, watch, &over(&objective.good, window), now_ms)
            .and_then(|good| Ok((good, number(view, watch, &over(&objective.total, window), now_ms)?)));
        match both {
            Ok((good, total)) => counts.push(Counts { window, good, total }),
            Err(error)
                if matches!(error.kind, telltale_promql::ErrorKind::Timeout | telltale_promql::ErrorKind::Canceled) =>
            {
                return Err(error);
            }
            Err(error) => return Ok(objective.unknown(SloStatus::Failed, Some(error.message))),
        }
    }
    Ok(judge(objective, &counts))
}

/// The sum of what an expression gives now; none where it gives nothing.
fn number(view: &View, watch: &dyn Interrupt, expr: &str, now_ms: i64) -> Result<Option<f64>, Error> {
    let parsed = telltale_promql::parse(expr)?;
    let answer = Engine::new(Limits::default()).interrupted_by(watch).instant(view, &parsed, expr, now_ms)?;
    let values: Vec<f64> = match answer.value {
        Value::Scalar(_, value) => vec![value],
        Value::Vector(samples) => samples
            .iter()
            .filter_map(|sample| match sample.value {
                SampleValue::Float(value) => Some(value),
                SampleValue::Histogram(_) => None,
            })
            .collect(),
        _ => {
            return Err(Error::bad_data(
                "the expression gives no numbers at one time: count over [$window]".to_owned(),
            ));
        }
    };
    let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    Ok((!finite.is_empty()).then(|| finite.iter().sum()))
}

/// Says when less is kept than the window is long.
fn kept(state: &AppState, slo: &SloState) -> Option<String> {
    let objective = state.config.slos.iter().find(|objective| objective.name == slo.name)?;
    let retention = &state.config.retention;
    let (kept, what, setting) = match objective.is_spans {
        true => (retention.traces, "traces", "keep-traces-days"),
        false => (retention.metrics, "metrics", "keep-metrics-days"),
    };
    let kept = kept?.as_secs();
    (kept < objective.window).then(|| {
        let (window, kept) = (words(objective.window), words(kept));
        format!(
            "{what} are kept for {kept}, less than the window of {window}: what is older does not count ({setting})"
        )
    })
}
