//! `/api/dashboards` and `/api/slos`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use telltale_api::dashboard::{Dashboard, DashboardAnswer, FileProblem, Origin, SloList};
use telltale_dashboards::{FileError, file};

use super::answer;
use super::extract::{Parameters, Path};
use super::problem::{Kind, Problem};
use crate::dashboards::{Arrived, Boards, SaveError, understand};
use crate::limits::DASHBOARD_BODY_BYTES;
use crate::prometheus;
use crate::state::AppState;
use crate::telemetry::Metric;

impl From<SaveError> for Problem {
    fn from(error: SaveError) -> Self {
        let message = error.to_string();
        match error {
            SaveError::Name(_) => Self::new(Kind::Invalid, "bad_name", message).hint("give it a short name"),
            SaveError::Full => {
                Self::new(Kind::TooMuch, "dashboards_full", message).hint("delete one that is not used any more")
            }
            SaveError::ReadOnly => Self::new(Kind::Invalid, "read_only", message).hint("export it as TOML instead"),
            SaveError::File { .. } => Self::new(Kind::Unavailable, "dashboards_unusable", message)
                .hint("look at the folder's rights and at the disk; nothing was changed"),
        }
    }
}

/// A body or a file that is no dashboard.
fn bad_dashboard(problem: &FileProblem) -> Problem {
    let FileProblem { path, line, column, message, hint } = problem;
    let place = if *line > 0 { format!("{path}:{line}:{column}") } else { path.clone() };
    let made = Problem::new(Kind::Invalid, "bad_dashboard", format!("{place}: {message}"));
    made.hint(
        hint.as_deref()
            .unwrap_or("docs/dashboards.md says how a dashboard is written; Grafana's JSON is understood too"),
    )
}

fn of_body(name: &str, error: FileError) -> Problem {
    let FileError { line, column, message, hint } = error;
    bad_dashboard(&FileProblem { path: name.to_owned(), line, column, message, hint })
}

fn boards(state: &AppState) -> Boards {
    Boards::new(state.config.dashboards.as_deref(), &state.data_dir, state.config.read_only)
}

/// Answers with all of them.
pub(super) async fn list(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    let arrived = prometheus::arrived(&state).await?;
    answer::work(move || answer::json(&boards(&state).list(&arrived))).await
}

async fn found(state: &Arc<AppState>, name: String) -> Result<DashboardAnswer, Problem> {
    let arrived = prometheus::arrived(state).await?;
    let state = Arc::clone(state);
    answer::work(move || match boards(&state).find(&name, &arrived) {
        Some(Ok(found)) => Ok(found),
        Some(Err(problem)) => Err(bad_dashboard(&problem)),
        None => Err(Problem::new(Kind::NotFound, "dashboard_not_found", format!("there is no dashboard {name:?}"))
            .hint("GET /api/dashboards lists the names; built-in ones are there when their metrics have arrived")),
    })
    .await
}

/// Answers with one.
pub(super) async fn one(State(state): State<Arc<AppState>>, Path(name): Path<String>) -> Result<Response, Problem> {
    answer::json(&found(&state, name).await?)
}

/// Answers with one as TOML.
pub(super) async fn export(State(state): State<Arc<AppState>>, Path(name): Path<String>) -> Result<Response, Problem> {
    let found = found(&state, name).await?;
    Ok(answer::body("application/toml", file::write(&found.dashboard)))
}

/// `?name=` of the file, `?save=false` to look at it only.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    name: Option<String>,
    save: Option<bool>,
}

/// The body as text.
fn text(body: Result<Bytes, axum::extract::rejection::BytesRejection>) -> Result<String, Problem> {
    let body = body.map_err(|rejection| {
        let message = format!("the body is not there whole: {}", rejection.body_text());
        Problem::new(Kind::Invalid, "bad_body", message).hint(format!("at most {DASHBOARD_BODY_BYTES} bytes"))
    })?;
    String::from_utf8(body.to_vec())
        .map_err(|error| Problem::new(Kind::Invalid, "bad_dashboard", format!("the body is not UTF-8: {error}")))
}

/// Opens TOML or Grafana's JSON and saves it under a name of its own; answers with it and with what is not in it.
pub(super) async fn open(
    State(state): State<Arc<AppState>>,
    Parameters(wish): Parameters<Wish>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let text = text(body)?;
    answer::work(move || {
        let file_name = wish.name.as_deref().unwrap_or("the dashboard");
        let understood = understand(&text);
        let format = understood.as_ref().map_or("none", |(.., format)| format);
        let outcome = match &understood {
            Ok((_, notes, _)) if notes.is_empty() => "whole",
            Ok(_) => "with_notes",
            Err(_) => "failed",
        };
        state.telemetry.add(Metric::DashboardOpens, [format, outcome], 1);
        let (dashboard, notes, _) = understood.map_err(|error| of_body(file_name, error))?;
        let boards = boards(&state);
        let name = boards.free_name(&dashboard.title);
        let path = match wish.save {
            Some(false) => None,
            _ => Some(saved(&state, &boards, &name, &dashboard)?),
        };
        answer::json(&DashboardAnswer { name, origin: Origin::Saved, path, notes, dashboard })
    })
    .await
}

fn saved(state: &AppState, boards: &Boards, name: &str, dashboard: &Dashboard) -> Result<String, Problem> {
    let path = boards.save(name, dashboard)?;
    state.telemetry.add(Metric::DashboardSaves, [], 1);
    Ok(path.display().to_string())
}

/// Saves one under the name in the path: JSON, or the TOML of a file.
pub(super) async fn put(
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let text = text(body)?;
    answer::work(move || {
        let dashboard = match text.trim_start().starts_with('{') {
            true => {
                let read: Dashboard = serde_json::from_str(&text).map_err(|error| {
                    Problem::new(Kind::Invalid, "bad_json", format!("the body is not understood: {error}"))
                        .hint("send the member `dashboard` of GET /api/dashboards/NAME, or TOML")
                })?;
                file::check(&read).map_err(|wrong| Problem::new(Kind::Invalid, "bad_dashboard", wrong.message))?;
                read
            }
            false => file::read(&text).map_err(|error| of_body(&name, error))?,
        };
        let path = Some(saved(&state, &boards(&state), &name, &dashboard)?);
        answer::json(&DashboardAnswer { name, origin: Origin::Saved, path, notes: Vec::new(), dashboard })
    })
    .await
}

/// Removes a saved one.
pub(super) async fn remove(State(state): State<Arc<AppState>>, Path(name): Path<String>) -> Result<Response, Problem> {
    answer::work(move || {
        let boards = boards(&state);
        if boards.remove(&name)? {
            return answer::json(&boards.list(&Arrived::default()));
        }
        Err(Problem::new(Kind::NotFound, "dashboard_not_found", format!("no dashboard is saved as {name:?}"))
            .hint("only saved ones can be deleted; a file is deleted in its folder"))
    })
    .await
}

/// `?service=`.
#[derive(Debug, Deserialize)]
pub(super) struct OfService {
    service: Option<String>,
}

/// Answers with how objectives stand.
pub(super) async fn slos(
    State(state): State<Arc<AppState>>,
    Parameters(wish): Parameters<OfService>,
) -> Result<Response, Problem> {
    let all = crate::slos::list(&state).await?;
    match wish.service {
        None => answer::json(&*all),
        Some(service) => {
            let slos = all.slos.iter().filter(|slo| slo.service == service).cloned().collect();
            answer::json(&SloList { slos, path: all.path.clone() })
        }
    }
}
