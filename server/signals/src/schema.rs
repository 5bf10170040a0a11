//! What a run emitted, without its values: operations with their attributes and types, metrics with unit, labels and a
//! band of cardinality. Locked as a file, compared later: what is lost or changed breaks somebody's dashboard.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::limits::KEYS;
use crate::observed::Observed;
use crate::template::names;

mod diff;

pub use diff::{Change, diff, text};

/// Version of the form.
pub const VERSION: u32 = 1;

/// A schema; a public format, fields are only ever added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// [`VERSION`].
    pub version: u32,
    /// Operations, sorted.
    pub spans: Vec<SpanSchema>,
    /// Metrics, sorted.
    pub metrics: Vec<MetricSchema>,
}

/// One operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpanSchema {
    /// Service, empty when none was sent.
    pub service: String,
    /// Name, with `*` where many differ.
    pub name: String,
    /// Kind, in lower case.
    pub kind: String,
    /// Attributes.
    pub attributes: BTreeMap<String, AttributeSchema>,
}

/// One attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttributeSchema {
    /// Its types, sorted; more than one is a mistake of the sender that is worth a look.
    pub types: BTreeSet<String>,
    /// Whether every span had it.
    pub always: bool,
}

/// One metric of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricSchema {
    /// Service, empty when none was sent.
    pub service: String,
    /// Name.
    pub name: String,
    /// Kind: `counter`, `gauge` …
    pub kind: String,
    /// Unit.
    pub unit: String,
    /// Labels, sorted.
    pub labels: BTreeSet<String>,
    /// Upper end of the band of how many series: 1, 10, 100 …
    pub cardinality: u64,
}

/// Returns the schema of what was seen.
#[must_use]
pub fn schema(observed: &Observed) -> Schema {
    Schema { version: VERSION, spans: spans(observed), metrics: metrics(observed) }
}

/// How many spans have an attribute, and with which types.
type Counted<'a> = BTreeMap<&'a str, (usize, BTreeSet<String>)>;
/// Service, name, kind.
type Operation<'a> = (&'a str, &'a str, &'a str);
/// Service, name, kind, unit.
type Metric<'a> = (&'a str, &'a str, &'a str, &'a str);

fn spans(observed: &Observed) -> Vec<SpanSchema> {
    let called = names(observed.spans.iter().map(|span| span.name.as_str()));
    let mut counted: BTreeMap<Operation<'_>, (usize, Counted<'_>)> = BTreeMap::new();
    for span in &observed.spans {
        let name = called.get(span.name.as_str()).map_or("", String::as_str);
        let (count, attributes) = counted.entry((span.service.as_str(), name, span.kind.name())).or_default();
        *count += 1;
        for (key, value) in &span.attributes {
            if attributes.len() >= KEYS && !attributes.contains_key(key.as_str()) {
                continue;
            }
            let (seen, types) = attributes.entry(key.as_str()).or_default();
            *seen += 1;
            types.insert(value.kind.to_owned());
        }
    }
    let one = |((service, name, kind), (count, attributes)): (Operation<'_>, (usize, Counted<'_>))| {
        let attribute = |(key, (seen, types)): (&str, (usize, BTreeSet<String>))| {
            (key.to_owned(), AttributeSchema { types, always: seen == count })
        };
        SpanSchema {
            service: service.to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            attributes: attributes.into_iter().map(attribute).collect(),
        }
    };
    counted.into_iter().map(one).collect()
}

fn metrics(observed: &Observed) -> Vec<MetricSchema> {
    let mut counted: BTreeMap<Metric<'_>, (u64, BTreeSet<String>)> = BTreeMap::new();
    for series in &observed.series {
        let key = (series.service.as_str(), series.name.as_str(), series.kind.name(), series.unit.as_str());
        let (count, labels) = counted.entry(key).or_default();
        *count += 1;
        labels.extend(series.labels.keys().take(KEYS).cloned());
    }
    let one = |((service, name, kind, unit), (count, labels)): (Metric<'_>, (u64, BTreeSet<String>))| MetricSchema {
        service: service.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        unit: unit.to_owned(),
        labels,
        cardinality: band(count),
    };
    counted.into_iter().map(one).collect()
}

/// The power of ten that a count does not exceed.
fn band(count: u64) -> u64 {
    let mut band: u64 = 1;
    while band < count {
        band = band.saturating_mul(10);
    }
    band
}

/// Writes a schema as a file that reads well in a diff.
#[must_use]
pub fn write(schema: &Schema) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}

/// Reads a schema's file.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read(text: &str) -> Result<Schema, String> {
    let schema: Schema = serde_json::from_str(text).map_err(|error| format!("it is no schema: {error}"))?;
    match schema.version {
        0..=VERSION => Ok(schema),
        newer => Err(format!("its version is {newer}, this program reads up to {VERSION}")),
    }
}

#[cfg(test)]
mod tests;
