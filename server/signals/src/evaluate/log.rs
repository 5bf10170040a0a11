//! Rules about log records.

use telltale_model::severity::Severity;

use super::nearest::{self, Miss, Names};
use super::{Findings, Nearest, Place, attribute, count_text, number};
use crate::limits::{EVIDENCE, NAME_CHARS};
use crate::observed::{Log, Observed, Span, Tree};
use crate::rule::{LogRule, LogSelector};

pub(super) fn judge(rule: &LogRule, observed: &Observed, tree: &Tree<'_>) -> Findings {
    let matched: Vec<&Log> = observed.logs.iter().filter(|log| is_meant(log, &rule.select, tree)).collect();
    let mut findings = Findings::default();
    let holds = rule.count.holds(number(matched.len()));
    findings.check(holds, count_text(matched.len(), &rule.count));
    if !holds && !rule.count.is_beyond(number(matched.len())) {
        findings.nearest = nearest_of(&rule.select, observed, tree);
    }
    findings.places = places(&matched);
    findings
}

pub(super) fn never(select: &LogSelector, observed: &Observed, tree: &Tree<'_>) -> Findings {
    let found: Vec<&Log> = observed.logs.iter().filter(|log| is_meant(log, select, tree)).collect();
    let mut findings = Findings::default();
    let text = match found.first() {
        None => "none seen".to_owned(),
        Some(first) => format!("{} seen: {}", found.len(), label(first)),
    };
    findings.check(found.is_empty(), text);
    findings.places = places(&found);
    findings
}

fn places(logs: &[&Log]) -> Vec<Place> {
    let traced = logs.iter().filter(|log| !log.trace_id.is_empty());
    traced.take(EVIDENCE).map(|log| place(log)).collect()
}

fn place(log: &Log) -> Place {
    Place { trace_id: log.trace_id.clone(), span_id: log.span_id.clone(), label: label(log) }
}

fn label(log: &Log) -> String {
    let body: String = log.body.chars().take(NAME_CHARS).collect();
    let of = if log.service.is_empty() { String::new() } else { format!(" of {}", log.service) };
    format!("{} {body:?}{of}", severity_name(log))
}

fn severity_name(log: &Log) -> &'static str {
    Severity::from_number(log.severity).map_or("LOG", Severity::name)
}

fn is_meant(log: &Log, select: &LogSelector, tree: &Tree<'_>) -> bool {
    select.body.as_ref().is_none_or(|body| body.matches(&log.body))
        && select.service.as_ref().is_none_or(|service| service.matches(&log.service))
        && severity_miss(log, select).is_none()
        && select.attributes.iter().all(|rule| attribute::miss(&log.attributes, rule).is_none())
        && span_miss(log, select, tree).is_none()
}

fn severity_miss(log: &Log, select: &LogSelector) -> Option<String> {
    let asked = select.severity.as_ref()?;
    match Severity::from_number(log.severity) {
        Some(band) if asked.low <= band && band <= asked.high => None,
        Some(band) => Some(format!("got severity {}, you asked for {}", band.name(), asked.text)),
        None => Some(format!("got no severity, you asked for {}", asked.text)),
    }
}

fn span_miss(log: &Log, select: &LogSelector, tree: &Tree<'_>) -> Option<String> {
    let asked = select.in_span.as_ref()?;
    if log.span_id.is_empty() {
        return Some(format!("it is in no span, you asked for one in {asked}"));
    }
    let Some(span) = tree.span(&log.trace_id, &log.span_id) else {
        return Some(format!("its span {} is not here, you asked for one in {asked}", log.span_id));
    };
    let around: Vec<&Span> = tree.line(span).collect();
    if around.iter().any(|span| asked.matches(&span.name)) {
        return None;
    }
    let root = around.last().filter(|_| around.len() > 1).map(|root| format!(" under {:?}", root.name));
    Some(format!("it is in {:?}{}, you asked for {asked}", span.name, root.unwrap_or_default()))
}

fn nearest_of(select: &LogSelector, observed: &Observed, tree: &Tree<'_>) -> Option<Nearest> {
    let bodies = Names::new(select.body.as_ref(), observed.logs.iter().map(|log| log.body.as_str()));
    let misses = |log: &Log| {
        let mut out: Vec<Miss> = bodies.miss("body", &log.body).into_iter().collect();
        let mut push = |weight, text| out.push(Miss { weight, text });
        if let Some(service) = select.service.as_ref().filter(|service| !service.matches(&log.service)) {
            push(nearest::SERVICE, format!("got the service {:?}, you asked for {service}", log.service));
        }
        severity_miss(log, select).into_iter().for_each(|text| push(nearest::OTHER, text));
        for rule in &select.attributes {
            attribute::miss(&log.attributes, rule).into_iter().for_each(|text| push(nearest::ATTRIBUTE, text));
        }
        span_miss(log, select, tree).into_iter().for_each(|text| push(nearest::OTHER, text));
        out
    };
    let candidates = observed.logs.iter().filter(|log| !is_meant(log, select, tree));
    let (log, misses) = nearest::of(candidates, misses)?;
    let text = misses.iter().map(|miss| miss.text.as_str()).collect::<Vec<_>>().join("; ");
    let place = (!log.trace_id.is_empty()).then(|| place(log));
    Some(Nearest { message: format!("{}: {text}", label(log)), place })
}
