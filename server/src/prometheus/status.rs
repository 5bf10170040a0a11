//! What clients ask about the server itself. Rules, alerts and alert managers do not exist here: their lists are empty.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::envelope::{Answer, Failure};
use super::form::Form;
use super::query::now_ms;
use super::run::run;
use crate::limits::TSDB_STATUS_MS;
use crate::state::AppState;

/// The Prometheus whose language and API this is; Grafana derives from it what it may ask.
const VERSION: &str = "3.5.0";

fn answer(value: &serde_json::Value) -> Answer {
    Answer::of(value.to_string())
}

/// `status/buildinfo`; without `features`, which would make Grafana look for a ruler.
pub(super) async fn build() -> Answer {
    answer(&json!({
        "version": VERSION,
        "application": concat!("telltale ", env!("CARGO_PKG_VERSION")),
        "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
    }))
}

/// `status/runtimeinfo`
pub(super) async fn runtime(State(state): State<Arc<AppState>>) -> Answer {
    let uptime = i64::try_from(state.telemetry.uptime().as_millis()).unwrap_or(0);
    let started = now_ms(&state) - uptime;
    answer(&json!({
        "startTime": rfc3339(started), "CWD": "", "reloadConfigSuccess": true, "lastConfigTime": rfc3339(started),
        "corruptionCount": 0, "goroutineCount": 0, "storageRetention": "",
        "GOMAXPROCS": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "GOMEMLIMIT": i64::MAX, "GOGC": "", "GODEBUG": "",
    }))
}

/// `status/flags`
pub(super) async fn flags() -> Answer {
    let limits = telltale_promql::Limits::default();
    answer(&json!({
        "query.lookback-delta": format!("{}m", limits.lookback_ms / 60_000),
        "query.max-samples": limits.samples_max.to_string(),
        "query.timeout": format!("{}s", crate::limits::METRIC_QUERY_TIME.as_secs()),
        "query.max-concurrency": crate::limits::METRIC_QUERIES.to_string(),
        "web.enable-remote-write-receiver": "true",
    }))
}

/// `status/config`
pub(super) async fn config() -> Answer {
    answer(&json!({ "yaml": "" }))
}

/// `rules`
pub(super) async fn rules() -> Answer {
    answer(&json!({ "groups": [] }))
}

/// `alerts`
pub(super) async fn alerts() -> Answer {
    answer(&json!({ "alerts": [] }))
}

/// `alertmanagers`
pub(super) async fn alertmanagers() -> Answer {
    answer(&json!({ "activeAlertmanagers": [], "droppedAlertmanagers": [] }))
}

/// `targets`: what is scraped.
pub(super) async fn targets(State(state): State<Arc<AppState>>) -> Answer {
    answer(&json!({ "activeTargets": state.scrapes.list(), "droppedTargets": [], "droppedTargetCounts": {} }))
}

/// `status/tsdb`: how many series there were in the last hour, and which names and labels they have most.
pub(super) async fn tsdb(State(state): State<Arc<AppState>>, form: Form) -> Result<Answer, Failure> {
    let limit = form.limit("limit")?.unwrap_or(10);
    let now = now_ms(&state);
    let start = now - TSDB_STATUS_MS;
    let series = run(&state, "tsdb", None, move |view, _| view.series(&[], start, now)).await?;
    let mut names: BTreeMap<&str, u64> = BTreeMap::new();
    let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (name, value) in series.iter().flat_map(|labels| labels.iter()) {
        *pairs.entry((name, value)).or_default() += 1;
        if name == "__name__" {
            *names.entry(value).or_default() += 1;
        }
    }
    let (mut values, mut bytes): (BTreeMap<&str, u64>, BTreeMap<&str, u64>) = Default::default();
    for ((name, value), count) in &pairs {
        *values.entry(name).or_default() += 1;
        *bytes.entry(name).or_default() += count * value.len() as u64;
    }
    let top = |counts: Vec<(String, u64)>| {
        let mut counts = counts;
        counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        counts.into_iter().take(limit).map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>()
    };
    let owned =
        |counts: &BTreeMap<&str, u64>| counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let of_pairs = pairs.iter().map(|((name, value), count)| (format!("{name}={value}"), *count)).collect();
    Ok(answer(&json!({
        "headStats": {
            "numSeries": series.len(), "numLabelPairs": pairs.len(), "chunkCount": 0, "minTime": start, "maxTime": now,
        },
        "seriesCountByMetricName": top(owned(&names)),
        "labelValueCountByLabelName": top(owned(&values)),
        "memoryInBytesByLabelName": top(owned(&bytes)),
        "seriesCountByLabelValuePair": top(of_pairs),
    })))
}

/// `/-/healthy`
pub(super) async fn healthy() -> Response {
    "telltale is Healthy.\n".into_response()
}

/// `/-/ready`; before, the edge answers.
pub(super) async fn ready() -> Response {
    "telltale is Ready.\n".into_response()
}

/// Returns a time in milliseconds as Go's JSON writes it.
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    let at = telltale_model::UnixNanos(u64::try_from(milliseconds).unwrap_or(0).saturating_mul(1_000_000)).civil();
    let (date, time) = ((at.year, at.month, at.day), (at.hour, at.minute, at.second));
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", date.0, date.1, date.2, time.0, time.1, time.2)
}
