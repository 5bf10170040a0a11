//! Parameters that say what part of the store is meant: `since`, `until`, `run` and `trace_id`.

use std::time::Duration;

use telltale_query::Arrival;
use telltale_signals::comparison::duration_ns;
use telltale_signals::junit::unix_nanos;

use super::problem::{Kind, Problem};
use super::trace;
use crate::observe::Scope;
use crate::state::AppState;

/// Parameters as they came.
pub(super) type Pairs = Vec<(String, String)>;

/// The parameters that [`scope`] reads.
pub(super) const SCOPE: [&str; 4] = ["since", "until", "run", "trace_id"];

/// Returns the last value of a parameter.
pub(super) fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Reads `true` or `false`; absent is false.
pub(super) fn flag(pairs: &Pairs, name: &str) -> Result<bool, Problem> {
    match value(pairs, name) {
        None | Some("false") => Ok(false),
        Some("true" | "") => Ok(true),
        Some(other) => Err(bad(name, other, "write true or false")),
    }
}

/// Reads a duration such as `300ms`.
pub(super) fn duration(pairs: &Pairs, name: &str) -> Result<Option<Duration>, Problem> {
    let Some(text) = value(pairs, name) else { return Ok(None) };
    let ns = if text == "0" { Some(0) } else { duration_ns(text) };
    ns.map(|ns| Some(Duration::from_nanos(ns))).ok_or_else(|| bad(name, text, "write a duration such as 300ms or 10s"))
}

/// Reads what part of the store is meant.
pub(super) fn scope(state: &AppState, pairs: &Pairs) -> Result<Scope, Problem> {
    let mut scope = Scope::default();
    if let Some(run) = value(pairs, "run") {
        scope = state.runs.scope(run).ok_or_else(|| {
            let known: Vec<String> = state.runs.list().into_iter().map(|run| run.name).collect();
            Problem::new(Kind::NotFound, "run_not_found", format!("there is no run {run:?}")).hint(format!(
                "the runs are: {}",
                if known.is_empty() { "none yet".to_owned() } else { known.join(", ") }
            ))
        })?;
    }
    if let Some(text) = value(pairs, "since") {
        scope.arrival.start_ns = scope.arrival.start_ns.max(time(state, "since", text)?);
    }
    if let Some(text) = value(pairs, "until") {
        scope.arrival.end_ns = scope.arrival.end_ns.min(time(state, "until", text)?);
    }
    if let Some(text) = value(pairs, "trace_id") {
        scope.trace_id = Some(trace::parse_id(text)?);
        if scope.arrival != Arrival::EVER || scope.run_id.is_some() {
            return Err(Problem::new(Kind::Invalid, "bad_parameter", "trace_id goes without since, until and run"));
        }
    }
    Ok(scope)
}

/// A time: how long ago, RFC 3339, or nanoseconds since the epoch.
fn time(state: &AppState, name: &str, text: &str) -> Result<i64, Problem> {
    let ago = || duration_ns(text).map(|ago| state.now().0.saturating_sub(ago));
    let nanos = || text.parse::<u64>().ok();
    let found = nanos().or_else(ago).or_else(|| unix_nanos(text));
    let found = found.and_then(|time| i64::try_from(time).ok());
    found.ok_or_else(|| bad(name, text, "write how long ago (10m), RFC 3339, or nanoseconds since the epoch"))
}

fn bad(name: &str, value: &str, hint: &str) -> Problem {
    Problem::new(Kind::Invalid, "bad_parameter", format!("{name} is {value:?}")).hint(hint)
}
