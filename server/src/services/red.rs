//! Rate, errors and durations of services and operations, now and in the period before.

use std::collections::HashMap;

use telltale_api::Nanos;
use telltale_api::services::{OperationView, ServiceView, Services};
use telltale_query::{Query, QueryError, QueryLimits};
use telltale_search::text_literal;

use super::sketch::Sketch;
use super::{Range, Row, each};
use crate::limits::{OPERATIONS_LISTED, SERVICE_OPERATIONS, SERVICE_SPANS, SERVICES, TREND_STEPS};

/// A service or an operation while its spans are counted.
#[derive(Debug, Default)]
struct Counted {
    now: Sketch,
    before: Sketch,
    slowest: Option<(i64, String)>,
    newest_error: Option<(i64, String)>,
    newest: Option<(i64, String)>,
}

#[derive(Debug, Default)]
struct Service {
    counted: Counted,
    trend: Vec<f64>,
    error_trend: Vec<f64>,
    /// Durations by step; empty unless asked for.
    durations: Vec<Sketch>,
    operations: HashMap<String, Counted>,
    operations_left_out: u64,
}

/// Which services are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them.
    All,
    /// One, with its durations step by step; empty: the spans without a service name.
    One(String),
}

impl Which {
    /// Operations of each that are listed.
    const fn listed(&self) -> usize {
        match self {
            Self::All => OPERATIONS_LISTED,
            Self::One(_) => SERVICE_OPERATIONS,
        }
    }

    fn condition(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::One(name) if name.is_empty() => " AND service_name IS NULL".to_owned(),
            Self::One(name) => format!(" AND service_name = {}", text_literal(name)),
        }
    }
}

/// Counts the entry spans of a range and of the range before it.
pub(crate) async fn read(store: &Query, range: Range, which: &Which) -> Result<Services, QueryError> {
    let before = range.from.0.saturating_sub(range.length());
    let sql = format!(
        "SELECT service_name, name, start_time_unix_nano, duration_ns, status_code, sampling_weight(trace_state) AS weight, \
         trace_id FROM spans WHERE start_time_unix_nano >= '{}' AND start_time_unix_nano < '{}' \
         AND (kind IN (2, 5) OR parent_span_id IS NULL){}",
        telltale_model::UnixNanos(before),
        range.to,
        which.condition()
    );
    let mut stream = store.stream(&sql, QueryLimits::default().time).await?;
    let mut services: HashMap<Option<String>, Service> = HashMap::new();
    let (mut spans, mut is_complete) = (0, true);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        if spans >= SERVICE_SPANS {
            is_complete = false;
            break;
        }
        spans += batch.num_rows() as u64;
        each(&batch, |row| is_complete &= count(&mut services, &row, range, which));
    }
    let mut services: Vec<ServiceView> =
        services.into_iter().map(|(name, service)| service.view(name, range.seconds(), which.listed())).collect();
    services
        .sort_by(|one, other| other.now.requests.total_cmp(&one.now.requests).then_with(|| one.name.cmp(&other.name)));
    Ok(Services {
        from_unix_nano: Nanos(range.from.0),
        to_unix_nano: Nanos(range.to.0),
        services,
        trend_step_ns: Nanos(range.length().div_ceil(TREND_STEPS as u64)),
        is_complete,
    })
}

/// Counts one span; false when there is no room for its service.
fn count(services: &mut HashMap<Option<String>, Service>, row: &Row<'_>, range: Range, which: &Which) -> bool {
    let (start, duration, weight) = (row.time(2), row.long(3), row.double(5));
    let is_error = row.int(4) == 2;
    let name = row.text(0).map(str::to_owned);
    if services.len() >= SERVICES && !services.contains_key(&name) {
        return false;
    }
    let service = services.entry(name).or_insert_with(|| Service {
        trend: vec![0.0; TREND_STEPS],
        error_trend: vec![0.0; TREND_STEPS],
        durations: if *which == Which::All { Vec::new() } else { vec![Sketch::default(); TREND_STEPS] },
        ..Service::default()
    });
    let is_now = start >= range.from.saturating_i64();
    let trace = row.text(6).unwrap_or_default();
    service.counted.add(is_now, (start, duration), (is_error, weight), trace);
    if is_now {
        let step = range.length().div_ceil(TREND_STEPS as u64).max(1);
        let at = usize::try_from((start - range.from.saturating_i64()) / i64::try_from(step).unwrap_or(i64::MAX));
        let at = at.unwrap_or(0);
        if let Some(cell) = service.trend.get_mut(at) {
            *cell += weight;
        }
        if let Some(step) = service.durations.get_mut(at) {
            step.add(duration, is_error, weight);
        }
        if let Some(cell) = service.error_trend.get_mut(at).filter(|_| is_error) {
            *cell += weight;
        }
    }
    let operation = row.text(1).unwrap_or_default();
    if service.operations.len() >= SERVICE_OPERATIONS && !service.operations.contains_key(operation) {
        service.operations_left_out += 1;
        return true;
    }
    let counted = service.operations.entry(operation.to_owned()).or_default();
    counted.add(is_now, (start, duration), (is_error, weight), trace);
    true
}

impl Counted {
    fn add(&mut self, is_now: bool, (start, duration): (i64, i64), (is_error, weight): (bool, f64), trace: &str) {
        if !is_now {
            self.before.add(duration, is_error, weight);
            return;
        }
        self.now.add(duration, is_error, weight);
        if self.slowest.as_ref().is_none_or(|(most, _)| duration > *most) {
            self.slowest = Some((duration, trace.to_owned()));
        }
        if self.newest.as_ref().is_none_or(|(last, _)| start > *last) {
            self.newest = Some((start, trace.to_owned()));
        }
        if is_error && self.newest_error.as_ref().is_none_or(|(last, _)| start > *last) {
            self.newest_error = Some((start, trace.to_owned()));
        }
    }
}

impl Service {
    fn view(self, name: Option<String>, seconds: f64, listed: usize) -> ServiceView {
        let before = |sketch: &Sketch| (sketch.requests() > 0.0).then(|| sketch.red(seconds));
        let mut operations: Vec<OperationView> = self
            .operations
            .into_iter()
            .map(|(name, counted)| OperationView {
                name,
                now: counted.now.red(seconds),
                before: before(&counted.before),
                slowest_trace_id: counted.slowest.map(|(_, trace)| trace),
                error_trace_id: counted.newest_error.map(|(_, trace)| trace),
                newest_trace_id: counted.newest.map(|(_, trace)| trace),
            })
            .collect();
        operations.sort_by(|one, other| {
            other.now.requests.total_cmp(&one.now.requests).then_with(|| one.name.cmp(&other.name))
        });
        let spans = |one: &OperationView| one.now.spans + one.before.as_ref().map_or(0, |before| before.spans);
        let left_out: u64 = operations.iter().skip(listed).map(spans).sum();
        operations.truncate(listed);
        ServiceView {
            name,
            now: self.counted.now.red(seconds),
            before: before(&self.counted.before),
            trend: self.trend,
            error_trend: self.error_trend,
            p50_trend_ns: self.durations.iter().map(|step| step.percentile(0.5)).collect(),
            p95_trend_ns: self.durations.iter().map(|step| step.percentile(0.95)).collect(),
            operations,
            operations_left_out: self.operations_left_out + left_out,
        }
    }
}
