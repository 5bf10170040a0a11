//! `labels`, `label/{name}/values`, `series` and `metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use telltale_metrics::FamilyMetadata;
use telltale_prometheus::escape::unescape;

use super::envelope::{Answer, Failure};
use super::form::Form;
use super::json::{self, text};
use super::query::{CUT, selectors};
use super::run::run;
use super::time::{MAX_MS, MIN_MS};
use crate::state::AppState;

fn times(form: &Form) -> Result<(i64, i64), Failure> {
    let (start, end) = (form.time("start")?.unwrap_or(MIN_MS), form.time("end")?.unwrap_or(MAX_MS));
    if end < start {
        return Err(Failure::bad_data("end timestamp must not be before start timestamp"));
    }
    Ok((start, end))
}

/// Lists names of labels.
pub(super) async fn labels(State(state): State<Arc<AppState>>, form: Form) -> Result<Answer, Failure> {
    let (limit, selectors, (start, end)) = (form.limit("limit")?, selectors(&form)?, times(&form)?);
    let names = run(&state, "labels", None, move |view, _| view.label_names(&selectors, start, end)).await?;
    Ok(texts(&names, limit))
}

/// Lists the values of a label.
pub(super) async fn values(
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    form: Form,
) -> Result<Answer, Failure> {
    let (limit, selectors, (start, end)) = (form.limit("limit")?, selectors(&form)?, times(&form)?);
    let name = unescape(&name);
    let work = move |view: &telltale_metrics::View, _: &_| view.label_values(&name, &selectors, start, end);
    Ok(texts(&run(&state, "label_values", None, work).await?, limit))
}

/// Lists series.
pub(super) async fn series(State(state): State<Arc<AppState>>, form: Form) -> Result<Answer, Failure> {
    let (limit, selectors, (start, end)) = (form.limit("limit")?, selectors(&form)?, times(&form)?);
    if selectors.is_empty() {
        return Err(Failure::bad_data("no match[] parameter provided"));
    }
    let found = run(&state, "series", None, move |view, _| view.series(&selectors, start, end)).await?;
    let shown = limit.unwrap_or(usize::MAX);
    let mut data = String::new();
    json::list(&mut data, found.iter().take(shown), json::labels);
    Ok(cut(data, found.len() > shown))
}

/// Lists what families are.
pub(super) async fn metadata(State(state): State<Arc<AppState>>, form: Form) -> Result<Answer, Failure> {
    let (limit, each) = (form.limit("limit")?, form.limit("limit_per_metric")?);
    let metric = form.get("metric").map(str::to_owned);
    let told = state.families.list(metric.as_deref());
    let mut found = run(&state, "metadata", None, move |view, _| view.metadata(metric.as_deref())).await?;
    for (name, metadata) in told {
        found.entry(name).or_default().insert(metadata);
    }
    // Senders that say the type say it for some requests only: what is known stands before what is not.
    found.values_mut().for_each(|all| {
        if all.iter().any(|one| one.kind != "unknown") {
            all.retain(|one| one.kind != "unknown");
        }
    });
    Ok(Answer::of(families(&found, limit.unwrap_or(usize::MAX), each.unwrap_or(usize::MAX))))
}

fn families(found: &BTreeMap<String, BTreeSet<FamilyMetadata>>, limit: usize, each: usize) -> String {
    let family = |(name, all): (&String, &BTreeSet<FamilyMetadata>)| {
        let mut out = format!("{}:", text(name));
        json::list(&mut out, all.iter().take(each), |out, one| {
            let (help, unit) = (text(&one.help), text(&one.unit));
            out.push_str(&format!("{{\"type\":\"{}\",\"help\":{help},\"unit\":{unit}}}", one.kind));
        });
        out
    };
    format!("{{{}}}", found.iter().take(limit).map(family).collect::<Vec<_>>().join(","))
}

fn texts(found: &BTreeSet<String>, limit: Option<usize>) -> Answer {
    let shown = limit.unwrap_or(usize::MAX);
    let mut data = String::new();
    json::list(&mut data, found.iter().take(shown), |out, one| out.push_str(&text(one)));
    cut(data, found.len() > shown)
}

fn cut(data: String, is_cut: bool) -> Answer {
    let warnings = is_cut.then(|| CUT.to_owned()).into_iter().collect();
    Answer { data, warnings, ..Answer::default() }
}
