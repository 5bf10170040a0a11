//! Two schemas compared: what breaks those who rely on the older one, and what is merely new.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use telltale_story::format::escape::one_line;

use super::{AttributeSchema, MetricSchema, Schema, SpanSchema};
use crate::error::distance;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Whether it breaks those who rely on the older schema.
    pub breaking: bool,
    /// What kind of difference, as a stable word: `metric_renamed`, `attribute_lost` …
    pub kind: String,
    /// What it is about, in words.
    pub subject: String,
    /// The difference, in words.
    pub message: String,
}

/// Returns every difference, the breaking ones first.
#[must_use]
pub fn diff(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut changes = Vec::new();
    metrics(old, new, &mut changes);
    spans(old, new, &mut changes);
    changes.sort_by(|left, right| right.breaking.cmp(&left.breaking).then_with(|| left.cmp(right)));
    changes
}

/// Writes the differences as lines.
#[must_use]
pub fn text(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        let mark = if change.breaking { "✗ breaking" } else { "+" };
        let _infallible = writeln!(out, "{mark}: {}: {}", one_line(&change.subject), one_line(&change.message));
    }
    let breaking = changes.iter().filter(|change| change.breaking).count();
    let _infallible = match changes.len() {
        0 => writeln!(out, "the schemas are the same"),
        all => writeln!(out, "{breaking} breaking, {} other", all - breaking),
    };
    out
}

fn push(changes: &mut Vec<Change>, breaking: bool, kind: &str, subject: &str, message: String) {
    changes.push(Change { breaking, kind: kind.to_owned(), subject: subject.to_owned(), message });
}

fn of(service: &str) -> String {
    if service.is_empty() { String::new() } else { format!(" of {service}") }
}

/// A metric's key and what is known of it; one that was sent with two units or kinds has several entries.
type Metrics<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a MetricSchema>>;

fn by_name(schema: &Schema) -> Metrics<'_> {
    let mut out: Metrics<'_> = BTreeMap::new();
    for metric in &schema.metrics {
        out.entry((metric.service.as_str(), metric.name.as_str())).or_default().push(metric);
    }
    out
}

fn metrics(old: &Schema, new: &Schema, changes: &mut Vec<Change>) {
    let (before, after) = (by_name(old), by_name(new));
    let mut fresh: Vec<_> = after.iter().filter(|(key, _)| !before.contains_key(*key)).collect();
    for (key @ (service, name), was) in &before {
        let subject = format!("metric {name:?}{}", of(service));
        if let Some(is) = after.get(key) {
            metric(&subject, was, is, changes);
            continue;
        }
        let likeness = |is: &[&MetricSchema]| likeness(was, is);
        let candidates = fresh
            .iter()
            .filter(|((other, _), _)| other == service)
            .filter_map(|entry| Some((likeness(entry.1)?, distance(name, entry.0.1), entry.0.1)));
        match candidates.min() {
            Some((_, _, renamed)) => {
                fresh.retain(|((other, name), _)| (*other, *name) != (*service, renamed));
                push(changes, true, "metric_renamed", &subject, format!("renamed to {renamed:?}"));
                if let Some(is) = after.get(&(*service, renamed)) {
                    metric(&subject, was, is, changes);
                }
            }
            None => push(changes, true, "metric_lost", &subject, "lost".to_owned()),
        }
    }
    for ((service, name), _) in fresh {
        push(changes, false, "metric_new", &format!("metric {name:?}{}", of(service)), "new".to_owned());
    }
}

/// How a lost and a new metric are alike: the same kind, and the same labels or a similar name. Less is more alike.
fn likeness(was: &[&MetricSchema], is: &[&MetricSchema]) -> Option<usize> {
    let (was, is) = (was.first()?, is.first()?);
    if was.kind != is.kind {
        return None;
    }
    let far = distance(&was.name, &is.name);
    let is_similar = far * 3 <= was.name.chars().count().max(is.name.chars().count());
    let same_labels = was.labels == is.labels && was.unit == is.unit && !was.labels.is_empty();
    (is_similar || same_labels).then_some(usize::from(was.labels != is.labels) + usize::from(was.unit != is.unit))
}

/// Returns one thing about a metric in words.
type Word = fn(&MetricSchema) -> String;

fn metric(subject: &str, was: &[&MetricSchema], is: &[&MetricSchema], changes: &mut Vec<Change>) {
    let words = |list: &[&MetricSchema], word: Word| -> String {
        list.iter().map(|metric| word(metric)).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" and ")
    };
    let parts: [(&str, &str, Word); 2] = [
        ("metric_unit", "the unit", |metric| format!("{:?}", metric.unit)),
        ("metric_type", "the type", |metric| metric.kind.clone()),
    ];
    for (kind, what, word) in parts {
        let (before, after) = (words(was, word), words(is, word));
        if before != after {
            push(changes, true, kind, subject, format!("{what} changed from {before} to {after}"));
        }
    }
    let labels = |list: &[&MetricSchema]| -> BTreeSet<String> {
        list.iter().flat_map(|metric| metric.labels.iter().cloned()).collect()
    };
    let (before, after) = (labels(was), labels(is));
    for label in after.difference(&before) {
        push(changes, true, "label_new", subject, format!("new label {label:?}"));
    }
    for label in before.difference(&after) {
        push(changes, true, "label_lost", subject, format!("lost the label {label:?}"));
    }
    let most = |list: &[&MetricSchema]| list.iter().map(|metric| metric.cardinality).max().unwrap_or_default();
    let (before, after) = (most(was), most(is));
    if before != after {
        let message = format!("up to {after} series instead of up to {before}");
        push(changes, after > before, "cardinality", subject, message);
    }
}

type Operations<'a> = BTreeMap<(&'a str, &'a str, &'a str), &'a SpanSchema>;

fn operations(schema: &Schema) -> Operations<'_> {
    schema.spans.iter().map(|span| ((span.service.as_str(), span.kind.as_str(), span.name.as_str()), span)).collect()
}

fn spans(old: &Schema, new: &Schema, changes: &mut Vec<Change>) {
    let (before, after) = (operations(old), operations(new));
    let mut fresh: Vec<&SpanSchema> =
        after.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, span)| *span).collect();
    for (key, was) in &before {
        let subject = format!("{} span {:?}{}", was.kind, was.name, of(&was.service));
        if let Some(is) = after.get(key) {
            attributes(&subject, &was.attributes, &is.attributes, changes);
            continue;
        }
        let candidates = fresh.iter().filter(|is| is.service == was.service && is_like(was, is));
        let renamed = candidates.min_by_key(|is| (usize::from(is.kind != was.kind), distance(&was.name, &is.name)));
        let Some(is) = renamed.copied() else {
            push(changes, true, "span_lost", &subject, "lost".to_owned());
            continue;
        };
        fresh.retain(|other| !std::ptr::eq(*other, is));
        if is.name != was.name {
            push(changes, true, "span_renamed", &subject, format!("renamed to {:?}", is.name));
        }
        if is.kind != was.kind {
            push(changes, true, "span_kind", &subject, format!("the kind changed from {} to {}", was.kind, is.kind));
        }
        attributes(&subject, &was.attributes, &is.attributes, changes);
    }
    for span in fresh {
        let subject = format!("{} span {:?}{}", span.kind, span.name, of(&span.service));
        push(changes, false, "span_new", &subject, "new".to_owned());
    }
}

fn is_like(was: &SpanSchema, is: &SpanSchema) -> bool {
    let far = distance(&was.name, &is.name);
    let is_similar = far * 3 <= was.name.chars().count().max(is.name.chars().count());
    let same_keys = was.attributes.keys().eq(is.attributes.keys()) && was.attributes.len() > 2;
    is_similar || (same_keys && was.kind == is.kind)
}

fn attributes(
    subject: &str,
    was: &BTreeMap<String, AttributeSchema>,
    is: &BTreeMap<String, AttributeSchema>,
    changes: &mut Vec<Change>,
) {
    let types = |attribute: &AttributeSchema| attribute.types.iter().cloned().collect::<Vec<_>>().join(" and ");
    for (key, before) in was {
        let Some(after) = is.get(key) else {
            push(changes, true, "attribute_lost", subject, format!("lost the attribute `{key}`"));
            continue;
        };
        if before.types != after.types {
            let message = format!("the type of `{key}` changed from {} to {}", types(before), types(after));
            push(changes, true, "attribute_type", subject, message);
        }
        if before.always && !after.always {
            let message = format!("`{key}` is no longer on every span");
            push(changes, true, "attribute_sometimes", subject, message);
        }
    }
    for (key, after) in is.iter().filter(|(key, _)| !was.contains_key(*key)) {
        push(changes, false, "attribute_new", subject, format!("new attribute `{key}` ({})", types(after)));
    }
}
