//! `GET /api/services` and `GET /api/services/map`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use telltale_model::UnixNanos;

use super::extract::Parameters;
use super::problem::{Kind, Problem};
use super::search::time;
use super::{answer, measure};
use crate::limits::SERVICES_SINCE;
use crate::services::red::Which;
use crate::services::{Range, map, red};
use crate::state::AppState;

/// `?from=15m&to=now&service=NAME`.
#[derive(Debug, Deserialize)]
pub(super) struct Period {
    from: Option<String>,
    to: Option<String>,
    /// Of the list: one service; empty for spans without a service name.
    service: Option<String>,
}

impl Period {
    fn range(&self, state: &AppState) -> Result<Range, Problem> {
        let now = UnixNanos(state.now().0);
        let to = self.to.as_deref().map_or(Ok(now), |text| time(text, now))?;
        let since = u64::try_from(SERVICES_SINCE.as_nanos()).unwrap_or(u64::MAX);
        let from = self.from.as_deref().map_or(Ok(UnixNanos(to.0.saturating_sub(since))), |text| time(text, now))?;
        if from.0 >= to.0 {
            return Err(Problem::new(Kind::Invalid, "bad_parameter", "the range ends before it begins")
                .hint("write from=15m, or a from that is less than to"));
        }
        Ok(Range { from, to })
    }
}

/// Answers with services and operations.
pub(super) async fn services(
    State(state): State<Arc<AppState>>,
    Parameters(period): Parameters<Period>,
) -> Result<Response, Problem> {
    let range = period.range(&state)?;
    let which = period.service.map_or(Which::All, Which::One);
    answer::json(&measure::query(&state, "services", red::read(&state.query, range, &which)).await?)
}

/// Answers with who calls whom.
pub(super) async fn map(
    State(state): State<Arc<AppState>>,
    Parameters(period): Parameters<Period>,
) -> Result<Response, Problem> {
    let range = period.range(&state)?;
    answer::json(&measure::query(&state, "service_map", map::read(&state.query, range)).await?)
}
