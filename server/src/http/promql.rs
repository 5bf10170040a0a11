//! `GET /api/promql/complete?query=&cursor=`: what is wrong in an expression, and what can stand at the cursor.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use telltale_api::promql::{PromqlError, PromqlHelp, PromqlOffer};
use telltale_promql::ast::{AggregateOp, Function};
use telltale_promql::complete::{Completion, Context, completion};
use telltale_promql::{Error, Matcher};

use super::answer;
use super::extract::Parameters;
use super::problem::Problem;
use crate::limits::{PROMQL_OFFERS, SEARCHED_BACK_MS};
use crate::prometheus;
use crate::state::AppState;

/// `?query=&cursor=`; the cursor in bytes, at the end when absent.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    query: String,
    cursor: Option<usize>,
}

/// Durations that people write.
const DURATIONS: [&str; 6] = ["1m", "5m", "15m", "1h", "6h", "1d"];

/// Answers with help.
pub(super) async fn complete(
    State(state): State<Arc<AppState>>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, Problem> {
    let (_, errors) = telltale_promql::parse_recovering(&asked.query);
    let errors = errors.into_iter().map(|error| PromqlError {
        start: error.range.start,
        end: error.range.end,
        position: error.position.clone(),
        message: error.message,
    });
    let found = completion(&asked.query, asked.cursor.unwrap_or(asked.query.len()));
    let offers = offers(&state, &found).await?;
    answer::json(&PromqlHelp { errors: errors.collect(), offers, start: found.start, end: found.end })
}

async fn offers(state: &Arc<AppState>, found: &Completion) -> Result<Vec<PromqlOffer>, Problem> {
    let plain = |kind: &str, names: Vec<&str>| {
        names.into_iter().map(|name| (kind.to_owned(), name.to_owned())).collect::<Vec<_>>()
    };
    let stored =
        |kind: &str, names: BTreeSet<String>| names.into_iter().map(|name| (kind.to_owned(), name)).collect::<Vec<_>>();
    let all = match &found.context {
        Context::Nothing => Vec::new(),
        Context::Duration => plain("duration", DURATIONS.to_vec()),
        Context::Expression => {
            let mut all = stored("metric", names(state, None, None).await?);
            all.extend(plain("aggregation", AggregateOp::ALL.iter().map(|op| op.as_str()).collect()));
            all.extend(plain("function", Function::all().iter().map(|function| function.name).collect()));
            all
        }
        Context::Label { metric } => {
            let mut labels = names(state, Some(Names::Labels), metric.clone()).await?;
            labels.remove("__name__");
            stored("label", labels)
        }
        Context::Value { metric, label } => {
            stored("value", names(state, Some(Names::Values(label.clone())), metric.clone()).await?)
        }
    };
    Ok(ranked(all, &found.prefix))
}

enum Names {
    Labels,
    Values(String),
}

/// Names of metrics, of labels, or values of a label, of the last day.
async fn names(
    state: &Arc<AppState>,
    what: Option<Names>,
    metric: Option<String>,
) -> Result<BTreeSet<String>, Problem> {
    let end = i64::try_from(state.now().0 / 1_000_000).unwrap_or(i64::MAX);
    let start = end - SEARCHED_BACK_MS;
    let selectors: Vec<Vec<Matcher>> =
        metric.into_iter().map(|metric| vec![Matcher::equal("__name__", metric)]).collect();
    let ask = move |view: &telltale_metrics::View, _: &dyn telltale_promql::Interrupt| -> Result<_, Error> {
        match &what {
            None => view.label_values("__name__", &[], start, end),
            Some(Names::Labels) => view.label_names(&selectors, start, end),
            Some(Names::Values(label)) => view.label_values(label, &selectors, start, end),
        }
    };
    prometheus::ask(state, "complete", ask).await
}

/// What holds the prefix: first what begins with it; at most [`PROMQL_OFFERS`].
fn ranked(all: Vec<(String, String)>, prefix: &str) -> Vec<PromqlOffer> {
    let prefix = prefix.to_lowercase();
    let mut kept: Vec<(bool, PromqlOffer)> = all
        .into_iter()
        .filter_map(|(kind, text)| {
            let small = text.to_lowercase();
            let begins = small.starts_with(&prefix);
            (begins || small.contains(&prefix)).then_some((begins, PromqlOffer { text, kind }))
        })
        .collect();
    kept.sort_by_key(|(begins, _)| !begins);
    kept.into_iter().map(|(_, offer)| offer).take(PROMQL_OFFERS).collect()
}
