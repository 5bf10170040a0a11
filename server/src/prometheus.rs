//! The Prometheus HTTP API, at `/api/v1` and `/prometheus/api/v1`: what Grafana and every Prometheus client ask.
//!
//! Parameters come in the query or in a form; answers and errors have Prometheus's own envelope, statuses and texts. Work runs on
//! threads of its own, a few questions at once, and ends when the client goes away. Deliberately absent: anything that plans or reads
//! (`telltale-promql`, `telltale-metrics`), rules and alerts (none are ever active), writes (`receiver::remote_write`).

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub(crate) mod chart;
mod envelope;
pub mod families;
mod federate;
mod form;
mod inside;
mod json;
mod names;
mod query;
mod run;
mod status;
mod time;

pub use families::Families;
pub(crate) use inside::{arrived, ask};
pub use run::Turns;
pub(crate) use status::rfc3339;

/// Returns the routes below one of the API's two prefixes.
fn api() -> Router<Arc<AppState>> {
    Router::new()
        .route("/query", get(query::instant).post(query::instant))
        .route("/query_range", get(query::range).post(query::range))
        .route("/query_exemplars", get(query::exemplars).post(query::exemplars))
        .route("/format_query", get(query::format).post(query::format))
        .route("/parse_query", get(query::parse).post(query::parse))
        .route("/labels", get(names::labels).post(names::labels))
        .route("/label/{name}/values", get(names::values))
        .route("/series", get(names::series).post(names::series))
        .route("/metadata", get(names::metadata))
        .route("/rules", get(status::rules))
        .route("/alerts", get(status::alerts))
        .route("/alertmanagers", get(status::alertmanagers))
        .route("/targets", get(status::targets))
        .route("/status/buildinfo", get(status::build))
        .route("/status/runtimeinfo", get(status::runtime))
        .route("/status/flags", get(status::flags))
        .route("/status/config", get(status::config))
        .route("/status/tsdb", get(status::tsdb))
        .route("/write", post(crate::receiver::remote_write::handle))
}

/// Returns all routes of the API.
pub fn routes() -> Router<Arc<AppState>> {
    let mut all = Router::new();
    for prefix in ["", "/prometheus"] {
        all = all
            .nest(&format!("{prefix}/api/v1"), api())
            .route(&format!("{prefix}/federate"), get(federate::federate))
            .route(&format!("{prefix}/-/healthy"), get(status::healthy).head(status::healthy))
            .route(&format!("{prefix}/-/ready"), get(status::ready).head(status::ready));
    }
    all
}
