//! The query API and the user interface, on the listener of `--listen`.
//!
//! Handlers are thin: they read the request, ask the store, the query engine or telltale-story, and shape the answer.
//! What a status means stands in [`problem`], what rows look like outside stands in [`view`]. Deliberately absent:
//! access rules, security headers and OTLP, which come before (`edge`), and anything that plans or stores.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use telltale_api::routes;

use crate::limits::{DASHBOARD_BODY_BYTES, QUERY_BODY_BYTES};
use crate::state::AppState;

mod answer;
mod around;
mod assets;
mod dashboards;
mod delete;
mod diff;
mod expect;
mod extract;
mod flush;
mod foreign;
mod health;
mod import;
mod issues;
mod live;
mod measure;
mod metrics;
mod negotiate;
mod not_found;
mod otlp;
mod packed;
pub(crate) mod page;
mod pieces;
pub(crate) mod problem;
mod promql;
mod recent;
mod resolve;
mod runs;
mod saved;
mod scope;
mod search;
mod services;
mod share;
mod sql;
pub(crate) mod story;
mod trace;
pub(crate) mod view;

#[cfg(test)]
mod tests;

/// Returns the routes that need a running store.
///
/// OTLP paths, `/login`, access rules and security headers are not here: the edge applies them to every request first.
pub fn router(state: Arc<AppState>) -> Router {
    let under = |prefix: &str, rest: &str| format!("{prefix}{rest}");
    Router::new()
        .route(routes::HEALTH, get(health::health))
        .route(routes::RESOLVE, get(resolve::resolve))
        .route(&under(routes::TRACE, "{id}"), get(trace::trace))
        .route(&under(routes::TRACE, "{id}/pack"), get(packed::packed))
        .route(&under(routes::TRACE, "{id}/otlp"), get(otlp::otlp))
        .route(&under(routes::STORY, "{id}"), get(story::story))
        .route(&under(routes::AROUND, "{id}"), get(around::around))
        .route(routes::DIFF, get(diff::diff))
        .route(routes::PLAN, post(story::plan))
        .route(routes::RECENT, get(recent::recent))
        .route(routes::LIVE, get(live::live))
        .route(routes::ISSUES, get(issues::issues))
        .route(routes::SENDERS, get(issues::senders))
        .route(routes::IMPORT, post(import::import))
        .route(&under(routes::SHARE, "{id}"), post(share::create))
        .route(&under(routes::SHARE, "{id}/{file}"), get(share::file))
        .route(routes::SHARES, get(share::list))
        .route(&format!("{}/{{share}}", routes::SHARES), delete(share::revoke))
        .route(&under(routes::SHARED, "{token}"), get(share::shared))
        .route(&under(routes::SHARED, "{token}/{file}"), get(share::shared_file))
        .route(routes::SEARCH, get(search::search))
        .route(routes::SEARCH_COMPLETE, get(search::complete))
        .route(routes::SEARCH_DIFFERENT, get(search::different))
        .route(routes::SEARCH_PATTERNS, get(search::patterns))
        .route(routes::SEARCH_EXPORT, get(search::export))
        .route(routes::SEARCHES, get(saved::list))
        .route(&under(routes::SEARCHES, "/{name}"), axum::routing::put(saved::put).delete(saved::remove))
        .route(routes::SERVICES, get(services::services))
        .route(routes::SERVICE_MAP, get(services::map))
        .route(
            routes::DASHBOARDS,
            get(dashboards::list).post(dashboards::open).layer(DefaultBodyLimit::max(DASHBOARD_BODY_BYTES)),
        )
        .route(
            &under(routes::DASHBOARDS, "/{name}"),
            get(dashboards::one).put(dashboards::put).delete(dashboards::remove),
        )
        .route(&under(routes::DASHBOARDS, "/{name}/toml"), get(dashboards::export))
        .route(routes::PROMQL_COMPLETE, get(promql::complete))
        .route(routes::SLOS, get(dashboards::slos))
        .route(routes::SQL, post(sql::sql))
        .route(routes::FLUSH, post(flush::flush))
        .route(routes::DELETE, post(delete::delete))
        .route(routes::WAIT, get(expect::wait))
        .route(routes::CHECK, post(expect::check))
        .route(routes::BLESS, get(expect::bless))
        .route(routes::SCHEMA, get(expect::schema))
        .route(routes::SIGNALS, get(expect::signals))
        .route(routes::RUNS, get(runs::list).post(runs::mark))
        .route(routes::RESULTS, get(runs::results))
        .route(routes::RUNS_DIFF, get(runs::diff))
        .route(routes::RUNS_SHOW, get(runs::show))
        .route(routes::RUNS_TESTS, get(runs::tests))
        .route(routes::RUNS_FILE, get(runs::file))
        .route(routes::METRICS, get(metrics::metrics))
        .route(&under(routes::STORY_PAGE, "{*rest}"), get(story::page))
        .route(&under(routes::ASSETS, "{*path}"), get(assets::asset))
        .route(routes::HOME, get(assets::shell))
        .merge(crate::prometheus::routes())
        .fallback(foreign::other)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(QUERY_BODY_BYTES))
        .with_state(state)
}
