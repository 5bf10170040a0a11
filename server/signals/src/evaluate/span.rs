//! Rules about spans.

use std::collections::BTreeMap;

use telltale_model::span::StatusCode;
use telltale_story::format::duration::duration;

use super::nearest::{self, Miss, Names};
use super::{Findings, Nearest, attribute, count_text, number, place};
use crate::observed::{Observed, Span, Tree};
use crate::rule::{Parent, SloRule, SpanRule, SpanSelector};

pub(super) fn judge(rule: &SpanRule, observed: &Observed, tree: &Tree<'_>) -> Findings {
    let select = &rule.select;
    let matched: Vec<&Span> = observed.spans.iter().filter(|span| is_meant(span, select, tree)).collect();
    let mut findings = Findings::default();
    let holds = rule.count.holds(number(matched.len()));
    findings.check(holds, count_text(matched.len(), &rule.count));
    if !holds && !rule.count.is_beyond(number(matched.len())) {
        findings.nearest = nearest_of(select, observed, tree);
    }
    findings.show(matched.iter().copied());
    if rule.every {
        every(select, &matched, observed, tree, &mut findings);
    }
    if matched.is_empty() {
        return findings;
    }
    durations(rule, &matched, &mut findings);
    if let Some(asked) = &rule.errors {
        let failed: Vec<&Span> = matched.iter().filter(|span| span.status == StatusCode::Error).copied().collect();
        let holds = asked.holds(number(failed.len()));
        let first = failed.first().filter(|span| !holds && !span.message.is_empty());
        let first = first.map(|span| format!(" (the first: {:?})", span.message)).unwrap_or_default();
        findings.check(holds, format!("{} failed, asked for {asked}{first}", failed.len()));
        if !holds && !failed.is_empty() {
            findings.show(failed.into_iter());
        }
    }
    if let Some(most) = rule.database_calls_max {
        database(most, &matched, tree, &mut findings);
    }
    findings
}

/// Spans of the same name, service and kind that miss the rest.
fn every(select: &SpanSelector, matched: &[&Span], observed: &Observed, tree: &Tree<'_>, findings: &mut Findings) {
    let identity = SpanSelector {
        name: select.name.clone(),
        service: select.service.clone(),
        kind: select.kind,
        ..SpanSelector::default()
    };
    let alike: Vec<&Span> = observed.spans.iter().filter(|span| is_meant(span, &identity, tree)).collect();
    let others: Vec<&Span> = alike.iter().filter(|span| !is_meant(span, select, tree)).copied().collect();
    let text = match others.is_empty() {
        true => format!("all {} match", matched.len()),
        false => format!("{} of {} do not match, asked for every one", others.len(), alike.len()),
    };
    findings.check(others.is_empty(), text);
    if !others.is_empty() {
        let found = nearest::of(others.iter().copied(), |span| misses(span, select, tree, &names(select, observed)));
        findings.nearest = found.map(|(span, misses)| tell(span, select, &misses));
        findings.show(others.into_iter());
    }
}

fn durations(rule: &SpanRule, matched: &[&Span], findings: &mut Findings) {
    let mut sorted: Vec<&Span> = matched.to_vec();
    sorted.sort_by_key(|span| span.duration_ns);
    for (quantile, asked) in &rule.durations {
        let Some(span) = at_quantile(&sorted, *quantile) else { continue };
        let name = if *quantile == 100 { "longest".to_owned() } else { format!("p{quantile}") };
        let holds = asked.holds(span.duration_ns as f64);
        findings.check(holds, format!("{name} {}, asked for {asked}", duration(span.duration_ns)));
        if !holds {
            findings.show(sorted.iter().rev().copied());
        }
    }
}

/// The nearest-rank quantile: the least value that so many per cent do not exceed.
fn at_quantile<'a>(sorted: &[&'a Span], quantile: u8) -> Option<&'a Span> {
    let rank = (sorted.len() * usize::from(quantile)).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

fn database(most: u32, matched: &[&Span], tree: &Tree<'_>, findings: &mut Findings) {
    let calls = |span: &&Span| tree.database_calls(span).len();
    let Some((worst, count)) = matched.iter().map(|span| (*span, calls(span))).max_by_key(|(_, count)| *count) else {
        return;
    };
    let holds = number(count) <= f64::from(most);
    let mut text = format!("at most {count} database calls beneath one, asked for at most {most}");
    if !holds {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for call in tree.database_calls(worst) {
            *names.entry(call.name.as_str()).or_default() += 1;
        }
        if let Some((name, times)) = names.into_iter().max_by_key(|(_, times)| *times) {
            text.push_str(&format!(" ({times} × {name:?})"));
        }
        findings.show(std::iter::once(worst));
    }
    findings.check(holds, text);
}

pub(super) fn never(select: &SpanSelector, observed: &Observed, tree: &Tree<'_>) -> Findings {
    let found: Vec<&Span> = observed.spans.iter().filter(|span| is_meant(span, select, tree)).collect();
    let mut findings = Findings::default();
    let text = match found.first() {
        None => "none seen".to_owned(),
        Some(first) if first.message.is_empty() => format!("{} seen: {}", found.len(), first.label()),
        Some(first) => format!("{} seen: {}: {:?}", found.len(), first.label(), first.message),
    };
    findings.check(found.is_empty(), text);
    findings.show(found.into_iter());
    findings
}

pub(super) fn slo(rule: &SloRule, observed: &Observed, tree: &Tree<'_>) -> Findings {
    let counted: Vec<&Span> = observed.spans.iter().filter(|span| is_meant(span, &rule.select, tree)).collect();
    let is_good = |span: &Span| {
        let in_time = rule.latency.as_ref().is_none_or(|latency| latency.holds(span.duration_ns as f64));
        in_time && span.status != StatusCode::Error
    };
    let bad: Vec<&Span> = counted.iter().filter(|span| !is_good(span)).copied().collect();
    let mut findings = Findings::default();
    if counted.is_empty() {
        findings.check(false, "no span to judge it by".to_owned());
        findings.nearest = nearest_of(&rule.select, observed, tree);
        return findings;
    }
    let (all, good) = (number(counted.len()), number(counted.len() - bad.len()));
    let share = good / all * 100.0;
    let latency = rule.latency.as_ref().map(|latency| format!(" within {latency}")).unwrap_or_default();
    // Half of the last bit must not decide: 99% of 100 is 99.
    let allowed = (all * (100.0 - rule.objective) / 100.0 + 1e-9).floor();
    let text = format!(
        "{good} of {all} good{latency} ({share:.2}%), asked for {}%; {} bad, {allowed} allowed",
        rule.objective,
        bad.len()
    );
    findings.check(number(bad.len()) <= allowed, text);
    findings.show(bad.into_iter());
    findings
}

/// Says whether a span is one of those that are asked for.
pub(super) fn is_meant(span: &Span, select: &SpanSelector, tree: &Tree<'_>) -> bool {
    select.name.as_ref().is_none_or(|name| name.matches(&span.name))
        && select.service.as_ref().is_none_or(|service| service.matches(&span.service))
        && select.kind.is_none_or(|kind| kind == span.kind)
        && select.status.is_none_or(|status| status == span.status)
        && select.attributes.iter().all(|rule| attribute::miss(&span.attributes, rule).is_none())
        && select.resource.iter().all(|rule| attribute::miss(&span.resource, rule).is_none())
        && parent_miss(span, select, tree).is_none()
}

fn parent_miss(span: &Span, select: &SpanSelector, tree: &Tree<'_>) -> Option<String> {
    let asked = select.parent.as_ref()?;
    match (asked, tree.parent(span), &span.parent_span_id) {
        (Parent::None, _, None) => None,
        (Parent::None, Some(parent), _) => Some(format!("got the parent {:?}, you asked for none", parent.name)),
        (Parent::None, None, Some(id)) => Some(format!("got the parent {id}, which is not here, you asked for none")),
        (Parent::Named(name), Some(parent), _) if name.matches(&parent.name) => None,
        (Parent::Named(name), Some(parent), _) => {
            Some(format!("got the parent {:?}, you asked for {name}", parent.name))
        }
        (Parent::Named(name), None, None) => Some(format!("got no parent, you asked for {name}")),
        (Parent::Named(name), None, Some(id)) => {
            Some(format!("got the parent {id}, which is not here, you asked for {name}"))
        }
    }
}

fn names<'a>(select: &'a SpanSelector, observed: &'a Observed) -> Names<'a> {
    Names::new(select.name.as_ref(), observed.spans.iter().map(|span| span.name.as_str()))
}

fn misses(span: &Span, select: &SpanSelector, tree: &Tree<'_>, names: &Names<'_>) -> Vec<Miss> {
    let mut out: Vec<Miss> = names.miss("name", &span.name).into_iter().collect();
    let mut push = |weight, text| out.push(Miss { weight, text });
    if let Some(service) = select.service.as_ref().filter(|service| !service.matches(&span.service)) {
        push(nearest::SERVICE, format!("got the service {:?}, you asked for {service}", span.service));
    }
    if let Some(kind) = select.kind.filter(|kind| *kind != span.kind) {
        push(nearest::OTHER, format!("got kind {}, you asked for {}", upper(span.kind.name()), upper(kind.name())));
    }
    if let Some(status) = select.status.filter(|status| *status != span.status) {
        push(nearest::OTHER, format!("got status {}, you asked for {}", span.status.name(), status.name()));
    }
    for rule in &select.attributes {
        attribute::miss(&span.attributes, rule).into_iter().for_each(|text| push(nearest::ATTRIBUTE, text));
    }
    for rule in &select.resource {
        let text = attribute::miss(&span.resource, rule).map(|text| format!("in its resource {text}"));
        text.into_iter().for_each(|text| push(nearest::ATTRIBUTE, text));
    }
    parent_miss(span, select, tree).into_iter().for_each(|text| push(nearest::OTHER, text));
    out
}

fn upper(word: &str) -> String {
    word.to_uppercase()
}

fn nearest_of(select: &SpanSelector, observed: &Observed, tree: &Tree<'_>) -> Option<Nearest> {
    let names = names(select, observed);
    let candidates = observed.spans.iter().filter(|span| !is_meant(span, select, tree));
    let (span, misses) = nearest::of(candidates, |span| misses(span, select, tree, &names))?;
    Some(tell(span, select, &misses))
}

/// When only the kind is wrong, the attribute that is right says most about which span was meant.
fn tell(span: &Span, select: &SpanSelector, misses: &[Miss]) -> Nearest {
    let only_kind = misses.len() == 1 && select.kind.is_some_and(|kind| kind != span.kind);
    let text = match (only_kind, select.attributes.first(), select.kind) {
        (true, Some(attribute), Some(kind)) if span.attributes.contains_key(&attribute.key) => format!(
            "got `{}` on a {} span, you asked for {}",
            attribute.key,
            upper(span.kind.name()),
            upper(kind.name())
        ),
        _ => misses.iter().map(|miss| miss.text.as_str()).collect::<Vec<_>>().join("; "),
    };
    Nearest { message: format!("{}: {text}", span.label()), place: Some(place(span)) }
}
