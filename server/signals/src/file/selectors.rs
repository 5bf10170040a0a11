//! The five kinds of rule.

use telltale_model::span::{SpanKind, StatusCode};

use super::section::Section;
use super::values::{attributes, severity};
use crate::comparison::{Comparison, Unit};
use crate::error::FileError;
use crate::observed::MetricKind;
use crate::pattern::Pattern;
use crate::rule::{
    LogRule, LogSelector, MetricRule, MetricSelector, Never, Parent, SloRule, SpanRule, SpanSelector, What,
};

/// Keys of a [[span]] besides [`SPAN_KEYS`].
pub(crate) const SPAN_OWN: [&str; 9] =
    ["count", "every", "p50", "p95", "p99", "max", "errors", "max_db_children", "why"];
/// Keys of a [[log]] besides [`LOG_KEYS`].
pub(crate) const LOG_OWN: [&str; 2] = ["count", "why"];
/// Keys of a [[metric]] besides [`METRIC_KEYS`].
pub(crate) const METRIC_OWN: [&str; 6] = ["unit", "type", "labels", "cardinality", "value", "why"];
/// Keys of a [[never]].
pub(crate) const NEVER_KEYS: [&str; 5] = ["span", "log", "metric", "service", "why"];
/// Keys of an [[slo]].
pub(crate) const SLO_KEYS: [&str; 5] = ["name", "span", "objective", "latency", "why"];

/// Keys that say which spans are meant.
pub(crate) const SPAN_KEYS: [&str; 7] = ["name", "service", "kind", "status", "attrs", "resource", "parent"];
/// Keys that say which log records are meant.
pub(crate) const LOG_KEYS: [&str; 5] = ["body", "service", "severity", "attrs", "in_span"];
/// Keys that say which series are meant.
pub(crate) const METRIC_KEYS: [&str; 3] = ["name", "service", "attrs"];

const KINDS: [(&str, SpanKind); 5] = [
    ("internal", SpanKind::Internal),
    ("server", SpanKind::Server),
    ("client", SpanKind::Client),
    ("producer", SpanKind::Producer),
    ("consumer", SpanKind::Consumer),
];

const STATUSES: [(&str, StatusCode); 3] =
    [("unset", StatusCode::Unset), ("ok", StatusCode::Ok), ("error", StatusCode::Error)];

pub(super) fn span_rule(section: &Section<'_>) -> Result<What, FileError> {
    section.check_keys(&keys(&SPAN_KEYS, &SPAN_OWN))?;
    let select = span_selector(section)?;
    if select.name.is_none() && select.service.is_none() {
        return Err(section.error("this [[span]] does not say which spans".to_owned(), "give it a name or a service"));
    }
    let mut durations = Vec::new();
    for (key, quantile) in [("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)] {
        durations.extend(section.comparison(key, Unit::Duration)?.map(|bound| (quantile, bound)));
    }
    Ok(What::Span(SpanRule {
        select,
        count: section.comparison("count", Unit::Count)?.unwrap_or_else(|| Comparison::at_least(1)),
        every: section.flag("every")?,
        durations,
        errors: section.comparison("errors", Unit::Count)?,
        database_calls_max: section.whole("max_db_children")?,
    }))
}

pub(super) fn log_rule(section: &Section<'_>) -> Result<What, FileError> {
    section.check_keys(&keys(&LOG_KEYS, &LOG_OWN))?;
    let select = log_selector(section)?;
    if select == LogSelector::default() {
        return Err(section.error("this [[log]] does not say which records".to_owned(), "give it a body or a severity"));
    }
    let count = section.comparison("count", Unit::Count)?.unwrap_or_else(|| Comparison::at_least(1));
    Ok(What::Log(LogRule { select, count }))
}

pub(super) fn metric_rule(section: &Section<'_>) -> Result<What, FileError> {
    section.check_keys(&keys(&METRIC_KEYS, &METRIC_OWN))?;
    let select = metric_selector(section)?;
    if select.name.is_none() {
        return Err(section.error("this [[metric]] has no name".to_owned(), "give it one: name = \"orders.created\""));
    }
    Ok(What::Metric(MetricRule {
        select,
        unit: section.text("unit")?.map(|(unit, _)| unit),
        kind: section.word("type", &MetricKind::ALL.map(|kind| (kind.name(), kind)))?,
        labels: section.texts("labels")?,
        cardinality: section.comparison("cardinality", Unit::Count)?,
        value: section.comparison("value", Unit::Number)?,
    }))
}

pub(super) fn never_rule(section: &Section<'_>) -> Result<What, FileError> {
    section.check_keys(&NEVER_KEYS)?;
    let service = section.pattern("service")?;
    let or_service = |own: &mut Option<Pattern>| *own = own.take().or_else(|| service.clone());
    let span = section.section("span", "the span of a [[never]]")?;
    let log = section.section("log", "the log of a [[never]]")?;
    let metric = section.section("metric", "the metric of a [[never]]")?;
    let never = match (span, log, metric) {
        (Some(span), None, None) => {
            span.check_keys(&SPAN_KEYS)?;
            let mut select = span_selector(&span)?;
            or_service(&mut select.service);
            Never::Span(select)
        }
        (None, Some(log), None) => {
            log.check_keys(&LOG_KEYS)?;
            let mut select = log_selector(&log)?;
            or_service(&mut select.service);
            Never::Log(select)
        }
        (None, None, Some(metric)) => {
            metric.check_keys(&METRIC_KEYS)?;
            let mut select = metric_selector(&metric)?;
            or_service(&mut select.service);
            Never::Metric(select)
        }
        _ => {
            let message = "a [[never]] names one of span, log and metric".to_owned();
            return Err(section.error(message, "such as span.status = \"error\""));
        }
    };
    Ok(What::Never(never))
}

pub(super) fn slo_rule(section: &Section<'_>) -> Result<What, FileError> {
    section.check_keys(&SLO_KEYS)?;
    let span = section.section("span", "the span of an [[slo]]")?;
    let Some(span) = span else {
        return Err(section.error("this [[slo]] has no span".to_owned(), "write span.name = \"POST /orders\""));
    };
    span.check_keys(&SPAN_KEYS)?;
    let Some((text, at)) = section.text("objective")? else {
        return Err(section.error("this [[slo]] has no objective".to_owned(), "write objective = \"99.9%\""));
    };
    let share = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let Some(objective) = share.filter(|share| (0.0..=100.0).contains(share)) else {
        let hint = Some("write a share from 0% to 100%, such as 99.9%".to_owned());
        return Err(section.error_at(at, format!("the objective is {text:?}"), hint));
    };
    let name = section.text("name")?.map_or_else(|| "unnamed".to_owned(), |(name, _)| name);
    let latency = section.comparison("latency", Unit::Duration)?;
    Ok(What::Slo(SloRule { name, select: span_selector(&span)?, objective, latency }))
}

fn keys<'a>(select: &[&'a str], own: &[&'a str]) -> Vec<&'a str> {
    select.iter().chain(own).copied().collect()
}

fn span_selector(section: &Section<'_>) -> Result<SpanSelector, FileError> {
    let parent = section.pattern("parent")?.map(|pattern| match pattern.text() {
        "" | "none" => Parent::None,
        _ => Parent::Named(pattern),
    });
    Ok(SpanSelector {
        name: section.pattern("name")?,
        service: section.pattern("service")?,
        kind: section.word("kind", &KINDS)?,
        status: section.word("status", &STATUSES)?,
        attributes: attributes(section, "attrs")?,
        resource: attributes(section, "resource")?,
        parent,
    })
}

fn log_selector(section: &Section<'_>) -> Result<LogSelector, FileError> {
    let severity = match section.text("severity")? {
        Some((text, at)) => Some(severity(&text).map_err(|message| section.error_at(at, message, None))?),
        None => None,
    };
    Ok(LogSelector {
        body: section.pattern("body")?,
        service: section.pattern("service")?,
        severity,
        attributes: attributes(section, "attrs")?,
        in_span: section.pattern("in_span")?,
    })
}

fn metric_selector(section: &Section<'_>) -> Result<MetricSelector, FileError> {
    Ok(MetricSelector {
        name: section.pattern("name")?,
        service: section.pattern("service")?,
        attributes: attributes(section, "attrs")?,
    })
}
