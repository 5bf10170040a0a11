//! The answer card: values of configured attributes, wherever in the trace they stand.
//!
//! Each distinct attribute key is matched against the rules once; after that a span costs one look-up an attribute.

use std::cmp::Reverse;
use std::collections::HashMap;

use telltale_api::story::{Fact, FactValue};
use telltale_api::trace::{AttributeRow, TraceView};
use telltale_model::SpanKind;

use super::fact_config::{FactConfig, FactRule, Pick, Place};
use super::outcome::attribute;
use crate::limits::FACT_VALUES;

/// Collects the facts of a trace, in the order of the rules. `root` is the id of the span that stands for the request.
pub(super) fn facts(view: &TraceView, config: &FactConfig, root: Option<&str>) -> Vec<Fact> {
    let mut collector = Collector::new(config, root);
    let mut by_resource: HashMap<u32, Vec<Match<'_>>> = HashMap::new();
    for span in &view.spans {
        let place = Place {
            inside: "span",
            kind: Some(SpanKind::from_otlp(span.kind)),
            name: &span.name,
            service: span.service_name.as_deref(),
            beside: &span.attributes,
            resource: resource_attributes(view, span.resource),
        };
        let source = Source { span_id: Some(&span.span_id), time: span.start_unix_nano.0, place };
        collector.take_resource(span.resource, source, &mut by_resource);
        collector.take(source);
        for event in &span.events {
            let place = Place { inside: "event", name: &event.name, beside: &event.attributes, ..place };
            collector.take(Source { time: event.time_unix_nano.0, place, ..source });
        }
    }
    for log in &view.logs {
        let place = Place {
            inside: "log",
            kind: None,
            name: &log.event_name,
            service: log.service_name.as_deref(),
            beside: &log.attributes,
            resource: resource_attributes(view, log.resource),
        };
        let source = Source { span_id: log.span_id.as_deref(), time: log.time_unix_nano.0, place };
        collector.take_resource(log.resource, source, &mut by_resource);
        collector.take(source);
    }
    collector.finish()
}

fn resource_attributes(view: &TraceView, position: u32) -> &[AttributeRow] {
    let resource = usize::try_from(position).ok().and_then(|position| view.resources.get(position));
    resource.map_or(&[], |resource| resource.attributes.as_slice())
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    span_id: Option<&'a str>,
    time: u64,
    place: Place<'a>,
}

/// A value that answers rule `rule` with its key number `rank`.
#[derive(Debug, Clone, Copy)]
struct Match<'a> {
    rule: usize,
    rank: usize,
    row: &'a AttributeRow,
    with: Option<&'a str>,
}

/// What identifies a value of a rule: rank of its key, value, completion, service.
type Identity<'a> = (usize, &'a str, Option<&'a str>, Option<&'a str>);

/// A value with what is needed to choose among several.
#[derive(Debug)]
struct Found {
    rank: usize,
    /// When it was seen first.
    time: u64,
    /// Whether the root span carries it.
    of_root: bool,
    value: FactValue,
}

/// The values of one rule.
#[derive(Debug, Default)]
struct Values<'a> {
    known: HashMap<Identity<'a>, usize>,
    values: Vec<Found>,
}

struct Collector<'a> {
    config: &'a FactConfig,
    root: Option<&'a str>,
    /// Rules and ranks by attribute key.
    by_key: HashMap<&'a str, Vec<(usize, usize)>>,
    values: Vec<Values<'a>>,
}

impl<'a> Collector<'a> {
    fn new(config: &'a FactConfig, root: Option<&'a str>) -> Self {
        let values = config.facts.iter().map(|_rule| Values::default()).collect();
        Self { config, root, by_key: HashMap::new(), values }
    }

    /// Takes the values of an attribute list.
    fn take(&mut self, source: Source<'a>) {
        for row in source.place.beside {
            for found in self.matches(row, source.place.beside) {
                self.add(found, source);
            }
        }
    }

    /// Takes the values of a resource, whose attributes are matched once.
    fn take_resource(&mut self, position: u32, source: Source<'a>, cache: &mut HashMap<u32, Vec<Match<'a>>>) {
        let attributes = source.place.resource;
        let matches = cache
            .entry(position)
            .or_insert_with(|| attributes.iter().flat_map(|row| self.matches(row, attributes)).collect());
        let place = Place { inside: "resource", ..source.place };
        for found in matches.iter() {
            self.add(*found, Source { place, ..source });
        }
    }

    /// Returns the rules that an attribute answers.
    fn matches(&mut self, row: &'a AttributeRow, beside: &'a [AttributeRow]) -> Vec<Match<'a>> {
        if row.value.is_empty() {
            return Vec::new();
        }
        let rules = &self.config.facts;
        let ranks = self.by_key.entry(row.key.as_str()).or_insert_with(|| ranks(rules, &row.key));
        let complete = |rule: &usize| {
            let with = rules.get(*rule).map_or(&[][..], |rule| rule.with.as_slice());
            with.iter().find_map(|key| attribute(beside, key))
        };
        ranks.iter().map(|(rule, rank)| Match { rule: *rule, rank: *rank, row, with: complete(rule) }).collect()
    }

    fn add(&mut self, found: Match<'a>, source: Source<'a>) {
        let Some((rule, values)) = self.config.facts.get(found.rule).zip(self.values.get_mut(found.rule)) else {
            return;
        };
        if !rule.conditions.iter().all(|condition| condition.holds(&source.place)) {
            return;
        }
        let service = source.place.service.filter(|_service| rule.per_service);
        let identity = (found.rank, found.row.value.as_str(), found.with, service);
        let of_root = source.span_id.is_some() && source.span_id == self.root;
        let next = values.values.len();
        let slot = *values.known.entry(identity).or_insert(next);
        if let Some(known) = values.values.get_mut(slot) {
            known.value.count += 1;
            known.of_root |= of_root;
            known.time = known.time.min(source.time);
            return;
        }
        let value = match found.with {
            Some(with) => format!("{} = {with}", found.row.value),
            None => found.row.value.clone(),
        };
        let value = FactValue {
            value: if rule.redact { pseudonym(&value) } else { value },
            key: found.row.key.clone(),
            span_id: source.span_id.map(str::to_owned),
            service_name: source.place.service.map(str::to_owned),
            count: 1,
        };
        values.values.push(Found { rank: found.rank, time: source.time, of_root, value });
    }

    fn finish(self) -> Vec<Fact> {
        let rules = self.config.facts.iter().zip(self.values);
        rules.map(|(rule, values)| fact(rule, values.values)).collect()
    }
}

/// Replaces a value by a word that is the same for the same value. Hides it from a reader, not from somebody who
/// guesses values and compares (FNV-1a of 64 bits).
fn pseudonym(value: &str) -> String {
    let hash = value
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("redacted-{:08x}", hash >> 32)
}

/// Returns the rules that a key answers, each with the rank of the first of its keys that fits.
fn ranks(rules: &[FactRule], key: &str) -> Vec<(usize, usize)> {
    let rank = |rule: &FactRule| rule.keys.iter().position(|pattern| fits(pattern, key));
    rules.iter().enumerate().filter_map(|(at, rule)| Some((at, rank(rule)?))).collect()
}

/// Returns whether a key fits a pattern, in which `*` stands for any text; case matters.
#[must_use]
pub fn fits(pattern: &str, key: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = key.strip_prefix(parts.next().unwrap_or("")) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_before, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
}

/// Keeps the values of the best key that anything carries, and of these the ones that the rule picks.
fn fact(rule: &FactRule, mut found: Vec<Found>) -> Fact {
    let best = found.iter().map(|found| found.rank).min();
    found.retain(|found| Some(found.rank) == best);
    match rule.pick {
        Pick::All => {}
        Pick::First => keep(&mut found, |found| Reverse(found.time)),
        Pick::Last => keep(&mut found, |found| found.time),
        Pick::Most => keep(&mut found, |found| found.value.count),
        Pick::Root => found.retain(|found| found.of_root),
    }
    let left_out = u64::try_from(found.len().saturating_sub(FACT_VALUES)).unwrap_or(u64::MAX);
    found.truncate(FACT_VALUES);
    Fact {
        label: rule.label.clone(),
        values: found.into_iter().map(|found| found.value).collect(),
        expected_key: rule.keys.first().cloned().unwrap_or_default(),
        view: rule.view.name().to_owned(),
        left_out,
        is_redacted: rule.redact,
    }
}

/// Keeps the first of those for which `rank` is highest.
fn keep<K: Ord>(found: &mut Vec<Found>, rank: impl Fn(&Found) -> K) {
    let best = found.iter().enumerate().max_by_key(|(at, found)| (rank(found), Reverse(*at))).map(|(at, _found)| at);
    *found = best.map(|at| found.swap_remove(at)).into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_keys() {
        for (pattern, key, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("*.b", "a.b", true),
            ("*.b", ".c", false),
            ("a.*", "a.", true),
            ("*firmware*", "device.firmware.version", true),
            ("*firmware*", "firmware", true),
            ("db.*plan*", "db.mysql.explain_plan_json", true),
            ("db.*plan*", "cache.plan", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, key), expected, "{pattern} {key}");
        }
    }
}
