//! `GET /api/around/{id}`: the same business key elsewhere, the requests before and after of the same user, the last ones of
//! the same operation, a healthy one to compare with, and what was measured meanwhile. A handful of bounded questions.

mod metrics;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use telltale_api::around::{Around, Neighbours, OperationAround, SameKey};
use telltale_api::trace::{TraceSummary, TraceView};
use telltale_model::TraceId;
use telltale_query::ValueHit;
use telltale_story::diff::Told;

use super::extract::Path;
use super::problem::Problem;
use super::{answer, diff, measure, story, trace, view};
use crate::limits::{AROUND_KEYS, AROUND_TRACES, AROUND_VALUES};
use crate::state::AppState;

/// Attributes that say who asked: requests of one of them follow each other.
const WHO: [&str; 8] =
    ["session.id", "user.id", "enduser.id", "device.id", "client.id", "customer.id", "gateway.id", "tenant.id"];

/// Ends of keys that name a thing of the business.
const BUSINESS: [&str; 8] = [".id", "_id", "Id", ".number", "_number", ".no", ".key", ".code"];

/// Beginnings of keys that name a thing of the machinery.
const MACHINERY: [&str; 22] = [
    "trace",
    "span",
    "thread",
    "process",
    "container",
    "k8s",
    "host",
    "cloud",
    "service",
    "telemetry",
    "faas",
    "aws",
    "gcp",
    "azure",
    "messaging",
    "db",
    "rpc",
    "http",
    "net",
    "code",
    "os",
    "feature_flag",
];

/// Answers with everything around a trace.
pub(super) async fn around(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (view, story) = story::told(&state, &id).await?;
    let told = Told { view, story };
    let own = trace::parse_id(&told.view.trace_id)?;
    let (metrics, chart) = metrics::metrics(&state, &told).await?;
    let out = Around {
        same_key: same_keys(&state, &told, own).await?,
        neighbours: neighbours(&state, &told, own).await?,
        operation: operation(&state, &told, own).await?,
        healthy: match diff::healthy(&state, &told, 1).await?.first() {
            Some(id) => summaries(&state, &[*id]).await?.remove(id),
            None => None,
        },
        metrics,
        chart,
    };
    answer::json(&out)
}

async fn summaries(state: &AppState, ids: &[TraceId]) -> Result<BTreeMap<TraceId, TraceSummary>, Problem> {
    let rows = measure::query(state, "summaries", state.query.summaries(ids)).await?;
    Ok(rows.into_iter().map(|row| (row.trace_id, view::summary(row))).collect())
}

/// Returns distinct keys and values of a trace's spans and logs that `wanted` takes, in order of first appearance.
fn values(view: &TraceView, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let rows = view.spans.iter().flat_map(|span| &span.attributes);
    let rows = rows.chain(view.logs.iter().flat_map(|log| &log.attributes));
    let mut seen = BTreeSet::new();
    let fitting = rows.filter(|row| wanted(&row.key) && !row.value.is_empty() && row.value.len() <= 256);
    let pairs = fitting.map(|row| (row.key.clone(), row.value.clone()));
    pairs.filter(|pair| seen.insert(pair.clone())).take(AROUND_KEYS).collect()
}

fn is_business(key: &str) -> bool {
    let first = key.split(['.', '_']).next().unwrap_or(key);
    BUSINESS.iter().any(|end| key.ends_with(end)) && !MACHINERY.contains(&first) && !WHO.contains(&key)
}

async fn hits(state: &AppState, key: &str, value: &str) -> Result<(Vec<ValueHit>, bool), Problem> {
    let found = measure::query(state, "find_value", state.query.find_value(value, AROUND_VALUES)).await?;
    Ok((found.hits.into_iter().filter(|hit| hit.key == key).collect(), found.is_complete))
}

async fn same_keys(state: &AppState, told: &Told, own: TraceId) -> Result<Vec<SameKey>, Problem> {
    let mut out = Vec::new();
    for (key, value) in values(&told.view, is_business) {
        let (hits, is_complete) = hits(state, &key, &value).await?;
        let logs_without_trace = hits.iter().filter(|hit| hit.trace_id.is_none()).count();
        let mut seen = BTreeSet::from([own]);
        let others: Vec<TraceId> =
            hits.iter().filter_map(|hit| hit.trace_id).filter(|id| seen.insert(*id)).take(AROUND_TRACES).collect();
        let mut known = summaries(state, &others).await?;
        let traces: Vec<TraceSummary> = others.iter().filter_map(|id| known.remove(id)).collect();
        if !traces.is_empty() || logs_without_trace > 0 {
            let logs_without_trace = u64::try_from(logs_without_trace).unwrap_or(u64::MAX);
            out.push(SameKey { key, value, traces, logs_without_trace, is_complete });
        }
    }
    Ok(out)
}

async fn neighbours(state: &AppState, told: &Told, own: TraceId) -> Result<Vec<Neighbours>, Problem> {
    let start = i64::try_from(told.story.start_unix_nano.0).unwrap_or(i64::MAX);
    let mut out = Vec::new();
    for (key, value) in values(&told.view, |key| WHO.contains(&key)) {
        let (hits, _is_complete) = hits(state, &key, &value).await?;
        let others = || hits.iter().filter_map(|hit| Some((hit.time_ns, hit.trace_id?))).filter(|(_at, id)| *id != own);
        let previous = others().filter(|(at, _id)| *at < start).max().map(|(_at, id)| id);
        let next = others().filter(|(at, _id)| *at >= start).min().map(|(_at, id)| id);
        let ids: Vec<TraceId> = previous.into_iter().chain(next).collect();
        let known = summaries(state, &ids).await?;
        let of = |id: Option<TraceId>| id.and_then(|id| known.get(&id)).cloned();
        let found = Neighbours { previous: of(previous), next: of(next), key, value };
        if found.previous.is_some() || found.next.is_some() {
            out.push(found);
        }
    }
    Ok(out)
}

/// The newest requests of the same operation, with this one among them.
async fn operation(state: &AppState, told: &Told, own: TraceId) -> Result<Option<OperationAround>, Problem> {
    let Some((service_name, name)) = story::root_operation(&told.view) else { return Ok(None) };
    let start = i64::try_from(told.story.start_unix_nano.0).unwrap_or(i64::MAX);
    let wanted = (service_name.clone(), name.clone());
    let hits = measure::query(state, "of_operation", state.query.of_operation(wanted, start)).await?;
    let mut ids: Vec<TraceId> = hits.iter().take(AROUND_TRACES).map(|hit| hit.trace_id).collect();
    if !ids.contains(&own) {
        ids.push(own);
    }
    let mut known = summaries(state, &ids).await?;
    let traces: Vec<TraceSummary> = ids.iter().filter_map(|id| known.remove(id)).collect();
    let this = traces.iter().position(|trace| trace.trace_id == told.view.trace_id);
    Ok(Some(OperationAround { service_name, name, traces, this: this.and_then(|at| u32::try_from(at).ok()) }))
}
