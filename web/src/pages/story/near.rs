//! Neighbours: log records of the same hosts around the trace's time that name no trace.

use leptos::prelude::*;
use serde::Deserialize;
use telltale_api::Nanos;
use telltale_api::sql::SqlAnswer;
use wasm_bindgen_futures::spawn_local;

use super::state::StoryState;
use crate::client::{self, Failure};
use crate::shared::Shared;

/// How far around the trace neighbours are looked for.
const AROUND_NS: u64 = 2_000_000_000;

/// Records that are asked for at most; more are said to exist.
pub(crate) const NEAR_MAX: usize = 500;

/// A record of the neighbourhood.
pub(crate) struct NearLog {
    /// When, from the trace's start.
    pub(crate) time_ns: i64,
    /// OTLP `SeverityNumber`.
    pub(crate) severity: i32,
    /// The body.
    pub(crate) body: String,
    /// Who wrote it.
    pub(crate) service: Option<String>,
}

/// The neighbourhood.
#[derive(Default)]
pub(crate) struct Near {
    /// Records by time.
    pub(crate) logs: Vec<NearLog>,
    /// Whether there are more than were asked for.
    pub(crate) cut: bool,
    /// The hosts, services where no host is known.
    pub(crate) hosts: Vec<String>,
}

/// Asks for the neighbours of the trace, once.
pub(crate) fn load(state: StoryState) {
    let Some(trace) = state.trace.get_untracked() else { return };
    let structure = &trace.structure;
    let hosts = values_of(&structure.resources, "host.name");
    let (condition, names) = if hosts.is_empty() {
        let names = values_of(&structure.resources, "service.name");
        (one_of("service_name", &names), names)
    } else {
        (one_of("resource_attr('host.name')", &hosts), hosts)
    };
    if names.is_empty() {
        state.near.set(Some(Ok(Shared::new(Near::default()))));
        return;
    }
    let start = structure.meta.start_unix_nano;
    let from = start.saturating_sub(AROUND_NS);
    let to = start.saturating_add(structure.meta.duration_ns).saturating_add(AROUND_NS);
    let sql = format!(
        "SELECT CAST(time_unix_nano AS BIGINT) AS t, severity_number, body, service_name FROM logs \
         WHERE trace_id IS NULL AND {condition} AND time_unix_nano BETWEEN to_timestamp_nanos({from}) AND to_timestamp_nanos({to}) \
         ORDER BY time_unix_nano LIMIT {}",
        NEAR_MAX + 1
    );
    spawn_local(async move {
        let answer = client::sql(&sql, state.lifetime).await;
        if state.lifetime.is_over() || answer.as_ref().err() == Some(&Failure::Aborted) {
            return;
        }
        state.near.set(Some(answer.map(|answer| Shared::new(read(answer, start, names)))));
    });
}

/// A row of the answer.
#[derive(Deserialize)]
struct NearRow {
    t: Nanos,
    severity_number: Option<i32>,
    body: Option<String>,
    service_name: Option<String>,
}

fn read(answer: SqlAnswer<NearRow>, start: u64, hosts: Vec<String>) -> Near {
    let cut = answer.rows.len() > NEAR_MAX;
    let logs = answer.rows.into_iter().take(NEAR_MAX).map(|row| NearLog {
        time_ns: row.t.0.wrapping_sub(start).cast_signed(),
        severity: row.severity_number.unwrap_or_default(),
        body: row.body.unwrap_or_default(),
        service: row.service_name,
    });
    Near { logs: logs.collect(), cut, hosts }
}

fn values_of(resources: &[telltale_api::trace::ResourceView], key: &str) -> Vec<String> {
    let all = resources.iter().flat_map(|resource| &resource.attributes);
    let mut values: Vec<String> = all.filter(|a| a.key == key).map(|a| a.value.clone()).collect();
    values.sort();
    values.dedup();
    values
}

fn one_of(column: &str, values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
    format!("{column} IN ({})", quoted.join(", "))
}
