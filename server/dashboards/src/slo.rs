//! Service level objectives: `[[slo]]` tables, the questions that they ask, and the verdict on the answers.
//!
//! The rules are the usual ones: the error budget is the part of events that may fail; the burn rate over a time is how many times
//! faster than allowed it is spent; two times together ask for somebody (a long one that matters, a short one that ends the alarm).

use serde::Deserialize;
use telltale_api::dashboard::{SloAlert, SloBurn, SloState, SloStatus, seconds};
use telltale_promql::quote;

mod verdict;

pub use verdict::{Counts, judge};

/// What stands for the time in expressions.
pub const WINDOW: &str = "$window";

/// A table as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    service: String,
    objective: f64,
    window: Option<String>,
    good: Option<String>,
    total: Option<String>,
    spans: Option<Spans>,
}

/// Events that are spans, counted by the metrics that telltale derives from them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spans {
    service: Option<String>,
    operation: Option<String>,
    kind: Option<String>,
    faster_than: Option<String>,
}

/// An objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// In addresses.
    pub name: String,
    /// For people.
    pub title: String,
    /// Who promises it.
    pub service: String,
    /// Per cent of events that shall be good.
    pub objective: f64,
    /// Seconds that it holds for.
    pub window: u64,
    /// PromQL of good events over `$window`.
    pub good: String,
    /// PromQL of all events over `$window`.
    pub total: String,
    /// Whether the events are spans, which are kept as long as traces are.
    pub is_spans: bool,
}

/// The window where none is written.
const WINDOW_DEFAULT: &str = "30d";
/// Bounds of the derived durations, in milliseconds: what `faster_than` can be.
const BOUNDS_MS: [u64; 14] = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384];

impl Objective {
    /// Understands a table.
    ///
    /// # Errors
    /// What is wrong, with what to write.
    pub fn understand(written: Written) -> Result<Self, String> {
        let Written { name, title, service, objective, window, good, total, spans } = written;
        let is_name = !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char));
        if !is_name {
            return Err(format!("name {name:?}: write letters, digits, -, _ and ."));
        }
        if !(objective > 0.0 && objective < 100.0) {
            return Err(format!("objective {objective}: write per cent above 0 and below 100, such as 99.9"));
        }
        let window = window.unwrap_or_else(|| WINDOW_DEFAULT.to_owned());
        let window = seconds(&window)
            .filter(|window| (3_600..=366 * 86_400).contains(window))
            .ok_or_else(|| format!("window {window:?}: write a duration from 1h to 366d, such as 30d"))?;
        let is_spans = spans.is_some();
        let (service, good, total) = match (spans, good, total) {
            (Some(spans), None, None) => of_spans(service, &spans)?,
            (None, Some(good), Some(total)) => (service, good, total),
            _ => return Err("write good and total (PromQL over [$window]), or a table spans = { … }".to_owned()),
        };
        for (key, expr) in [("good", &good), ("total", &total)] {
            if !expr.contains(WINDOW) {
                return Err(format!("{key}: the expression has to count over [{WINDOW}]"));
            }
            if let Err(errors) = telltale_promql::parse(&over(expr, 3_600)) {
                return Err(format!("{key}: {errors}"));
            }
        }
        let title = if title.is_empty() { name.clone() } else { title };
        Ok(Self { name, title, service, objective, window, good, total, is_spans })
    }

    /// The times that are asked about: those of the alerts, then the window; seconds, shortest first.
    #[must_use]
    pub fn times(&self) -> Vec<u64> {
        let mut times: Vec<u64> = verdict::PAIRS.iter().flat_map(|pair| [pair.long, pair.short]).collect();
        times.retain(|time| *time < self.window);
        times.push(self.window);
        times.sort_unstable();
        times.dedup();
        times
    }

    /// The state before anything is known.
    #[must_use]
    pub fn unknown(&self, status: SloStatus, problem: Option<String>) -> SloState {
        SloState {
            name: self.name.clone(),
            title: self.title.clone(),
            service: self.service.clone(),
            objective: self.objective,
            window: words(self.window),
            good: self.good.clone(),
            total: self.total.clone(),
            status,
            events: None,
            ratio: None,
            budget_left: None,
            burns: Vec::<SloBurn>::new(),
            alerts: Vec::<SloAlert>::new(),
            problem,
            note: None,
        }
    }
}

/// An expression over a time of so many seconds.
#[must_use]
pub fn over(expr: &str, window: u64) -> String {
    expr.replace(WINDOW, &format!("{window}s"))
}

/// Seconds as people write them.
#[must_use]
pub fn words(seconds: u64) -> String {
    for (each, unit) in [(86_400, "d"), (3_600, "h"), (60, "m")] {
        if seconds >= each && seconds.is_multiple_of(each) {
            return format!("{}{unit}", seconds / each);
        }
    }
    format!("{seconds}s")
}

/// Good ones are spans without an error status, and, with `faster_than`, those that took at most so long.
fn of_spans(service: String, spans: &Spans) -> Result<(String, String, String), String> {
    let service = spans.service.clone().unwrap_or(service);
    if service.is_empty() {
        return Err("spans: name the service".to_owned());
    }
    let kind = spans.kind.as_deref().unwrap_or("server").to_uppercase();
    if !["SERVER", "CLIENT", "CONSUMER", "PRODUCER", "INTERNAL"].contains(&kind.as_str()) {
        return Err(format!("spans: kind {kind:?}: write server, client, consumer, producer or internal"));
    }
    let mut matchers = format!("service={}, span_kind=\"SPAN_KIND_{kind}\"", quote(&service));
    if let Some(operation) = &spans.operation {
        matchers.push_str(&format!(", span_name={}", quote(operation)));
    }
    let total = format!("sum(increase(traces_spanmetrics_calls_total{{{matchers}}}[{WINDOW}]))");
    let Some(limit) = &spans.faster_than else {
        let good = format!("{matchers}, status_code!=\"STATUS_CODE_ERROR\"");
        return Ok((service, format!("sum(increase(traces_spanmetrics_calls_total{{{good}}}[{WINDOW}]))"), total));
    };
    let milliseconds = limit.strip_suffix("ms").and_then(|text| text.trim().parse::<f64>().ok()).or_else(|| {
        limit.strip_suffix('s').and_then(|text| text.trim().parse::<f64>().ok()).map(|seconds| seconds * 1e3)
    });
    let bound = milliseconds.and_then(|wanted| {
        BOUNDS_MS.into_iter().find(|bound| (f64::from(u32::try_from(*bound).unwrap_or(u32::MAX)) - wanted).abs() < 1e-6)
    });
    let Some(bound) = bound else {
        let all: Vec<String> = BOUNDS_MS.iter().map(|bound| format!("{bound}ms")).collect();
        return Err(format!("spans: faster_than {limit:?}: durations are counted at {}", all.join(", ")));
    };
    let le = format!("{}", f64::from(u32::try_from(bound).unwrap_or(u32::MAX)) / 1e3);
    let good = format!("{matchers}, status_code!=\"STATUS_CODE_ERROR\", le=\"{le}\"");
    Ok((service, format!("sum(increase(traces_spanmetrics_latency_bucket{{{good}}}[{WINDOW}]))"), total))
}

#[cfg(test)]
mod tests;
