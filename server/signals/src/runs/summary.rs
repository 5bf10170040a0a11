//! One run in short: what failed, what was slow, what was written.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use telltale_model::severity::Severity;
use telltale_model::span::SpanKind;

use super::{Problem, errors};
use crate::limits::{SUMMARY_ERRORS, SUMMARY_LOGS, SUMMARY_SLOWEST};
use crate::observed::{Log, Observed, Span};
use crate::results::Counts;
use crate::template::names;

/// The service under which `telltale run` records the run itself; its span says what the verdict says already.
pub const OWN_SERVICE: &str = "telltale-run";

/// One run in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How much telemetry there was.
    pub counts: Counts,
    /// Errors, grouped, the most frequent first.
    pub errors: Vec<Problem>,
    /// Groups of errors in all.
    pub error_groups: usize,
    /// The slowest entry operation of each kind, the slowest first.
    pub slowest: Vec<Slow>,
    /// Log records of warnings and worse, and when there are none, the last of all; oldest first.
    pub logs: Vec<LogLine>,
    /// Log records of the same severities in all.
    pub logs_in_all: usize,
}

/// The slowest span of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slow {
    /// Its trace, hex.
    pub trace_id: String,
    /// Its id, hex.
    pub span_id: String,
    /// Its service, empty when none was sent.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its length, ns.
    pub duration_ns: i64,
    /// Spans of the operation.
    pub count: usize,
}

/// A log record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its trace, hex, empty when none was sent.
    pub trace_id: String,
    /// Its span, hex, empty when none was sent.
    pub span_id: String,
    /// Time, ns since the epoch, as a text: more than JavaScript's numbers hold.
    pub time_unix_nano: String,
    /// OTLP `SeverityNumber`.
    pub severity: i32,
    /// Its service, empty when none was sent.
    pub service: String,
    /// The body.
    pub body: String,
}

/// Returns a run in short.
#[must_use]
pub fn summary(observed: &Observed) -> Summary {
    let mut errors: Vec<Problem> = errors(observed).into_values().collect();
    errors.sort_by_key(|problem| Reverse(problem.count));
    let error_groups = errors.len();
    errors.truncate(SUMMARY_ERRORS);
    let (logs, logs_in_all) = logs(observed);
    Summary { counts: counts(observed), errors, error_groups, slowest: slowest(observed), logs, logs_in_all }
}

/// Counts what was seen.
#[must_use]
pub fn counts(observed: &Observed) -> Counts {
    let spans = observed.spans.iter().map(|span| span.service.as_str());
    let logs = observed.logs.iter().map(|log| log.service.as_str());
    let services: BTreeSet<&str> = spans.chain(logs).filter(|service| !service.is_empty()).collect();
    let traces: BTreeSet<&str> = observed.spans.iter().map(|span| span.trace_id.as_str()).collect();
    Counts {
        spans: observed.spans.len(),
        traces: traces.len(),
        logs: observed.logs.len(),
        series: observed.series.len(),
        services: services.into_iter().map(str::to_owned).collect(),
    }
}

/// Returns the slowest span of each operation that enters a service; where there is none, of every operation.
fn slowest(observed: &Observed) -> Vec<Slow> {
    let is_own = |span: &&Span| span.service == OWN_SERVICE;
    let is_entry = |span: &&Span| matches!(span.kind, SpanKind::Server | SpanKind::Consumer);
    let mut spans: Vec<&Span> = observed.spans.iter().filter(|span| is_entry(span) && !is_own(span)).collect();
    if spans.is_empty() {
        spans = observed.spans.iter().filter(|span| !is_own(span)).collect();
    }
    let called = names(spans.iter().map(|span| span.name.as_str()).collect::<BTreeSet<_>>().into_iter());
    let mut found: BTreeMap<(&str, &str), Slow> = BTreeMap::new();
    for span in spans {
        let name = called.get(span.name.as_str()).map_or("", String::as_str);
        let slow = found.entry((&span.service, name)).or_default();
        slow.count += 1;
        if slow.count == 1 || span.duration_ns > slow.duration_ns {
            let (trace_id, span_id) = (span.trace_id.clone(), span.span_id.clone());
            let (service, name) = (span.service.clone(), span.name.clone());
            *slow = Slow { trace_id, span_id, service, name, duration_ns: span.duration_ns, count: slow.count };
        }
    }
    let mut slowest: Vec<Slow> = found.into_values().collect();
    slowest.sort_by_key(|slow| Reverse(slow.duration_ns));
    slowest.truncate(SUMMARY_SLOWEST);
    slowest
}

fn logs(observed: &Observed) -> (Vec<LogLine>, usize) {
    let is_bad = |log: &&Log| Severity::from_number(log.severity).is_some_and(|band| band >= Severity::Warn);
    let mut chosen: Vec<&Log> = observed.logs.iter().filter(is_bad).collect();
    if chosen.is_empty() {
        chosen = observed.logs.iter().collect();
    }
    let all = chosen.len();
    let line = |log: &&Log| LogLine {
        trace_id: log.trace_id.clone(),
        span_id: log.span_id.clone(),
        time_unix_nano: log.time_unix_nano.to_string(),
        severity: log.severity,
        service: log.service.clone(),
        body: log.body.clone(),
    };
    (chosen.iter().skip(all.saturating_sub(SUMMARY_LOGS)).map(line).collect(), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::tests::{log, sample, span};

    /// Scenario: the sample, whose payment fails and says so. Guarantees: the failure leads, with its place; what is slow
    /// is the entry operation; warnings and worse are the logs shown.
    #[test]
    fn the_sample_in_short() {
        let found = summary(&sample());
        assert_eq!((found.counts.spans, found.counts.logs), (7, 3));
        let first = &found.errors[0];
        assert_eq!((first.service.as_str(), first.operation.as_str()), ("payment", "charge"));
        assert!(first.trace_id.is_some() && first.span_id.is_some());
        assert_eq!(found.slowest[0].name, "POST /orders");
        let bodies: Vec<&str> = found.logs.iter().map(|log| log.body.as_str()).collect();
        assert_eq!((bodies, found.logs_in_all), (vec!["the card was declined"], 1));
    }

    /// Scenario: more of everything than is shown, one operation with many names. Guarantees: the bounds hold and say
    /// how many there are in all; names of one pattern are one operation; the run's own span is nowhere.
    #[test]
    fn bounds_hold_and_are_said() {
        let mut observed = Observed::default();
        for id in 0..2_000_u64 {
            let name = format!("GET /orders/{id}");
            observed.spans.push(span(id + 1, None, "shop", SpanKind::Server, &name, id.cast_signed()));
            let name = format!("op{}", letters(id));
            observed.spans.push(span(10_000 + id, None, "shop", SpanKind::Server, &name, 1));
            observed.logs.push(log(None, "shop", 17, &format!("lost {}", letters(id))));
        }
        observed.spans.push(span(99_999, None, OWN_SERVICE, SpanKind::Server, "pytest", 1_000_000));
        let found = summary(&observed);
        assert_eq!((found.errors.len(), found.error_groups), (SUMMARY_ERRORS, 2_000));
        assert_eq!((found.logs.len(), found.logs_in_all), (SUMMARY_LOGS, 2_000));
        assert_eq!(found.slowest.len(), SUMMARY_SLOWEST);
        let first = &found.slowest[0];
        assert_eq!((first.name.as_str(), first.count), ("GET /orders/1999", 2_000));
    }

    /// A number in letters alone, so that no template takes it out.
    fn letters(id: u64) -> String {
        id.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
    }
}
