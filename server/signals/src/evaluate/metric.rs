//! Rules about metrics.

use std::collections::{BTreeMap, BTreeSet};

use super::nearest::{self, Miss, Names};
use super::{Findings, Nearest, attribute, number};
use crate::observed::{MetricKind, Observed, Series};
use crate::rule::{MetricRule, MetricSelector};

pub(super) fn judge(rule: &MetricRule, observed: &Observed) -> Findings {
    let matched: Vec<&Series> = observed.series.iter().filter(|series| is_meant(series, &rule.select)).collect();
    let mut findings = Findings::default();
    if matched.is_empty() {
        // A metric of nothing has no series: only a rule that says so is met.
        let none_asked = rule.cardinality.as_ref().is_some_and(|asked| asked.holds(0.0) && asked.is_beyond(1.0));
        findings.check(none_asked, "no series seen".to_owned());
        findings.nearest = nearest_of(&rule.select, observed);
        return findings;
    }
    findings.check(true, format!("{} series seen", matched.len()));
    if let Some(asked) = &rule.unit {
        let wrong: BTreeSet<&str> =
            matched.iter().map(|series| series.unit.as_str()).filter(|unit| unit != asked).collect();
        let got = wrong.iter().next().map(|unit| format!("got the unit {unit:?}, you asked for {asked:?}"));
        findings.check(wrong.is_empty(), got.unwrap_or_else(|| format!("unit {asked:?}")));
    }
    if let Some(asked) = rule.kind {
        let wrong = matched.iter().find(|series| series.kind != asked);
        let got = wrong.map(|series| format!("got a {}, you asked for a {}", series.kind.name(), asked.name()));
        findings.check(wrong.is_none(), got.unwrap_or_else(|| format!("a {}", asked.name())));
    }
    if let Some(asked) = &rule.labels {
        labels(asked, &matched, &mut findings);
    }
    if let Some(asked) = &rule.cardinality {
        let holds = asked.holds(number(matched.len()));
        let widest = if holds { String::new() } else { widest_label(&matched) };
        findings.check(holds, format!("{} series, asked for {asked}{widest}", matched.len()));
    }
    if rule.value.is_some() {
        value(rule, &matched, &mut findings);
    }
    findings
}

fn labels(asked: &[String], matched: &[&Series], findings: &mut Findings) {
    let mut wrong = Vec::new();
    for label in asked {
        let without = matched.iter().filter(|series| !series.labels.contains_key(label)).count();
        if without > 0 {
            wrong.push(format!("the label {label:?} is missing on {without} of {} series", matched.len()));
        }
    }
    let found: BTreeSet<&String> = matched.iter().flat_map(|series| series.labels.keys()).collect();
    wrong.extend(found.iter().filter(|label| !asked.contains(label)).map(|label| format!("{label:?} is a new label")));
    let text = if wrong.is_empty() { format!("labels {}", asked.join(", ")) } else { wrong.join(", ") };
    findings.check(wrong.is_empty(), text);
}

/// The label that makes most series.
fn widest_label(matched: &[&Series]) -> String {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (key, value) in matched.iter().flat_map(|series| &series.labels) {
        values.entry(key).or_default().insert(&value.text);
    }
    let widest = values.into_iter().max_by_key(|(_, values)| values.len());
    widest.map(|(key, values)| format!(" ({key:?} has {} values)", values.len())).unwrap_or_default()
}

fn value(rule: &MetricRule, matched: &[&Series], findings: &mut Findings) {
    let Some(asked) = &rule.value else { return };
    let (gauges, sums): (Vec<&Series>, Vec<&Series>) =
        matched.iter().partition(|series| series.kind == MetricKind::Gauge);
    if let Some(wrong) = gauges.iter().find(|series| !asked.holds(series.value)) {
        findings.check(false, format!("value {}{}, asked for {asked}", wrong.value, labels_of(wrong)));
    } else if let Some(first) = gauges.first() {
        findings.check(true, format!("value {}, asked for {asked}", first.value));
    }
    if !sums.is_empty() {
        let sum: f64 = sums.iter().map(|series| series.value).sum();
        findings.check(asked.holds(sum), format!("value {sum}, asked for {asked}"));
    }
}

fn labels_of(series: &Series) -> String {
    let labels: Vec<String> = series.labels.iter().map(|(key, value)| format!("{key}={:?}", value.text)).collect();
    if labels.is_empty() { String::new() } else { format!(" of {{{}}}", labels.join(", ")) }
}

pub(super) fn never(select: &MetricSelector, observed: &Observed) -> Findings {
    let found: Vec<&Series> = observed.series.iter().filter(|series| is_meant(series, select)).collect();
    let mut findings = Findings::default();
    let text = match found.first() {
        None => "none seen".to_owned(),
        Some(first) => format!("{} series seen: {:?}{}", found.len(), first.name, labels_of(first)),
    };
    findings.check(found.is_empty(), text);
    findings
}

fn is_meant(series: &Series, select: &MetricSelector) -> bool {
    select.name.as_ref().is_none_or(|name| name.matches(&series.name))
        && select.service.as_ref().is_none_or(|service| service.matches(&series.service))
        && select.attributes.iter().all(|rule| attribute::miss(&series.labels, rule).is_none())
}

fn nearest_of(select: &MetricSelector, observed: &Observed) -> Option<Nearest> {
    let names = Names::new(select.name.as_ref(), observed.series.iter().map(|series| series.name.as_str()));
    let misses = |series: &Series| {
        let mut out: Vec<Miss> = names.miss("name", &series.name).into_iter().collect();
        let mut push = |weight, text| out.push(Miss { weight, text });
        if let Some(service) = select.service.as_ref().filter(|service| !service.matches(&series.service)) {
            push(nearest::SERVICE, format!("got the service {:?}, you asked for {service}", series.service));
        }
        for rule in &select.attributes {
            attribute::miss(&series.labels, rule).into_iter().for_each(|text| push(nearest::ATTRIBUTE, text));
        }
        out
    };
    let (series, misses) = nearest::of(observed.series.iter(), misses)?;
    let text = misses.iter().map(|miss| miss.text.as_str()).collect::<Vec<_>>().join("; ");
    let of = if series.service.is_empty() { String::new() } else { format!(" of {}", series.service) };
    Some(Nearest { message: format!("{} {:?}{of}: {text}", series.kind.name(), series.name), place: None })
}
