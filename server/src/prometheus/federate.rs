//! `/federate`: the newest samples of the selected series as text, for another Prometheus to scrape.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use telltale_prometheus::name::is_legacy_label;
use telltale_prometheus::number::write_value;
use telltale_promql::{Labels, Limits, Selection, Source as _, is_stale};

use super::envelope::Failure;
use super::form::Form;
use super::query::{now_ms, selectors};
use super::run::run;
use crate::state::AppState;

/// Answers with one line a series: the last sample within the lookback, unless the series has ended. Native histograms are left out.
pub(super) async fn federate(State(state): State<Arc<AppState>>, form: Form) -> Result<Response, Failure> {
    let selectors = selectors(&form)?;
    let now = now_ms(&state);
    let found = run(&state, "federate", None, move |view, _| {
        let mut found: BTreeMap<Labels, (i64, f64)> = BTreeMap::new();
        for matchers in &selectors {
            let start_ms = now - Limits::default().lookback_ms + 1;
            let selection = Selection { matchers, start_ms, end_ms: now, by: None };
            view.select(&selection, &mut |series| {
                if let (Some(time), Some(value)) = (series.timestamps.last(), series.values.last())
                    && !is_stale(*value)
                {
                    found.insert(series.labels.clone(), (*time, *value));
                }
                Ok(())
            })?;
        }
        Ok(found)
    });
    let mut out = String::new();
    for (labels, (time, value)) in found.await? {
        line(&mut out, &labels, value);
        out.push_str(&format!(" {time}\n"));
    }
    let mut response = out.into_response();
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(response)
}

fn line(out: &mut String, labels: &Labels, value: f64) {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    let name = labels.metric_name();
    let is_legacy = is_legacy_label(&name.replace(':', "_"));
    let rest = labels.iter().filter(|(label, _)| *label != "__name__").map(|(label, value)| {
        let label = if is_legacy_label(label) { label.to_owned() } else { quoted(label) };
        format!("{label}={}", quoted(value))
    });
    let parts: Vec<String> = (!is_legacy).then(|| quoted(name)).into_iter().chain(rest).collect();
    if is_legacy {
        out.push_str(name);
    }
    if !parts.is_empty() {
        out.push_str(&format!("{{{}}}", parts.join(",")));
    }
    out.push(' ');
    write_value(out, value);
}
