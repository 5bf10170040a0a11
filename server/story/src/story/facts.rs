//! The answer card: values of configured attributes, wherever in the trace they stand.
//!
//! Each distinct attribute key is matched against the rules once; after that a span costs one look-up an attribute.

use std::collections::HashMap;

use telltale_api::story::{Fact, FactValue};
use telltale_api::trace::{AttributeRow, TraceView};

use super::fact_config::{FactConfig, FactRule};
use super::outcome::attribute;
use crate::limits::FACT_VALUES;

/// Collects the facts of a trace, in the order of the rules.
pub(super) fn facts(view: &TraceView, config: &FactConfig) -> Vec<Fact> {
    let mut collector = Collector::new(config);
    let mut by_resource: HashMap<u32, Vec<Match<'_>>> = HashMap::new();
    for span in &view.spans {
        let source = Source { span_id: Some(&span.span_id), service: span.service_name.as_deref() };
        collector.take_resource(view, span.resource, source, &mut by_resource);
        collector.take(&span.attributes, source);
        for event in &span.events {
            collector.take(&event.attributes, source);
        }
    }
    for log in &view.logs {
        let source = Source { span_id: log.span_id.as_deref(), service: log.service_name.as_deref() };
        collector.take_resource(view, log.resource, source, &mut by_resource);
        collector.take(&log.attributes, source);
    }
    collector.finish()
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    span_id: Option<&'a str>,
    service: Option<&'a str>,
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

/// The values of one rule.
#[derive(Debug, Default)]
struct Values<'a> {
    known: HashMap<Identity<'a>, usize>,
    values: Vec<(usize, FactValue)>,
}

struct Collector<'a> {
    config: &'a FactConfig,
    /// Rules and ranks by attribute key.
    by_key: HashMap<&'a str, Vec<(usize, usize)>>,
    values: Vec<Values<'a>>,
}

impl<'a> Collector<'a> {
    fn new(config: &'a FactConfig) -> Self {
        let values = config.facts.iter().map(|_rule| Values::default()).collect();
        Self { config, by_key: HashMap::new(), values }
    }

    /// Takes the values of an attribute list.
    fn take(&mut self, attributes: &'a [AttributeRow], source: Source<'a>) {
        for row in attributes {
            for found in self.matches(row, attributes) {
                self.add(found, source);
            }
        }
    }

    /// Takes the values of a resource, whose attributes are matched once.
    fn take_resource(
        &mut self,
        view: &'a TraceView,
        position: u32,
        source: Source<'a>,
        cache: &mut HashMap<u32, Vec<Match<'a>>>,
    ) {
        let matches = cache.entry(position).or_insert_with(|| {
            let resource = usize::try_from(position).ok().and_then(|position| view.resources.get(position));
            let attributes = resource.map_or(&[][..], |resource| resource.attributes.as_slice());
            attributes.iter().flat_map(|row| self.matches(row, attributes)).collect()
        });
        for found in matches.iter() {
            self.add(*found, source);
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
        let service = source.service.filter(|_service| rule.per_service);
        let identity = (found.rank, found.row.value.as_str(), found.with, service);
        let next = values.values.len();
        let slot = *values.known.entry(identity).or_insert(next);
        if let Some((_rank, value)) = values.values.get_mut(slot) {
            value.count += 1;
            return;
        }
        let value = match found.with {
            Some(with) => format!("{} = {with}", found.row.value),
            None => found.row.value.clone(),
        };
        let value = FactValue {
            value,
            key: found.row.key.clone(),
            span_id: source.span_id.map(str::to_owned),
            service_name: source.service.map(str::to_owned),
            count: 1,
        };
        values.values.push((found.rank, value));
    }

    fn finish(self) -> Vec<Fact> {
        let rules = self.config.facts.iter().zip(self.values);
        rules.map(|(rule, values)| fact(rule, values.values)).collect()
    }
}

/// Returns the rules that a key answers, each with the rank of the first of its keys that fits.
fn ranks(rules: &[FactRule], key: &str) -> Vec<(usize, usize)> {
    let rank = |rule: &FactRule| rule.keys.iter().position(|pattern| fits(pattern, key));
    rules.iter().enumerate().filter_map(|(at, rule)| Some((at, rank(rule)?))).collect()
}

/// Whether a key fits a pattern, in which `*` stands for any text.
fn fits(pattern: &str, key: &str) -> bool {
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

/// Keeps the values of the best key that anything carries.
fn fact(rule: &FactRule, values: Vec<(usize, FactValue)>) -> Fact {
    let best = values.iter().map(|(rank, _value)| *rank).min();
    let mut kept: Vec<FactValue> =
        values.into_iter().filter(|(rank, _value)| Some(*rank) == best).map(|(_rank, value)| value).collect();
    let left_out = u64::try_from(kept.len().saturating_sub(FACT_VALUES)).unwrap_or(u64::MAX);
    kept.truncate(FACT_VALUES);
    Fact {
        label: rule.label.clone(),
        values: kept,
        expected_key: rule.keys.first().cloned().unwrap_or_default(),
        view: rule.view.clone(),
        left_out,
    }
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
