//! OTLP names, units and attribute keys as Prometheus names and labels: the strategy `UnderscoreEscapingWithSuffixes`.
//!
//! The rules are those of the OpenTelemetry specification's compatibility page and of Prometheus's own receiver. Where that
//! receiver refuses a name (nothing is left of it), the original stays: Prometheus 3 takes any UTF-8, and a metric that
//! disappears helps nobody.

use std::collections::BTreeMap;

/// What decides the suffix of a metric's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A gauge; with unit `1` it is a ratio.
    Gauge,
    /// A monotonic sum, whatever its temporality: `_total`.
    Counter,
    /// Everything else.
    Other,
}

/// Resource attributes that are labels of every series by default: the list of docker-otel-lgtm.
pub const PROMOTED: [&str; 27] = [
    "service.instance.id",
    "service.name",
    "service.namespace",
    "service.version",
    "cloud.availability_zone",
    "cloud.region",
    "container.name",
    "deployment.environment",
    "deployment.environment.name",
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.cronjob.name",
    "k8s.daemonset.name",
    "k8s.deployment.name",
    "k8s.job.name",
    "k8s.namespace.name",
    "k8s.node.name",
    "k8s.pod.name",
    "k8s.replicaset.name",
    "k8s.statefulset.name",
    "host.name",
    "postgresql.database.name",
    "postgresql.schema.name",
    "postgresql.table.name",
    "postgresql.index.name",
    "database",
    "kafka.cluster.alias",
];

/// Words for units in the place of the main unit.
const UNITS: [(&str, &str); 26] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
];

/// Words for units behind the slash.
const PER_UNITS: [(&str, &str); 7] =
    [("s", "second"), ("m", "minute"), ("h", "hour"), ("d", "day"), ("w", "week"), ("mo", "month"), ("y", "year")];

/// Returns the Prometheus name of an OTLP metric, without the suffixes of a histogram's parts.
#[must_use]
pub fn metric_name(name: &str, unit: &str, kind: NameKind) -> String {
    let mut tokens: Vec<String> = tokens(name).map(str::to_owned).collect();
    let (main, per) = unit_words(unit);
    let main = if tokens.contains(&main) { String::new() } else { main };
    let per = if tokens.contains(&per) { String::new() } else { per };
    tokens.extend([main, per].into_iter().filter(|word| !word.is_empty()));
    let suffix = match kind {
        NameKind::Counter => Some("total"),
        NameKind::Gauge if unit == "1" => Some("ratio"),
        _ => None,
    };
    if let Some(suffix) = suffix {
        tokens.retain(|token| token != suffix);
        tokens.push(suffix.to_owned());
    }
    let joined = tokens.join("_");
    let starts_with_digit = joined.starts_with(|first: char| first.is_ascii_digit());
    match (joined.is_empty(), starts_with_digit) {
        (true, _) => name.to_owned(),
        (_, true) => format!("_{joined}"),
        _ => joined,
    }
}

/// Returns the Prometheus name of an attribute key.
#[must_use]
pub fn label_name(key: &str) -> String {
    let name: String = key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.chars().all(|c| c == '_') {
        return key.to_owned();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("key_{name}");
    }
    if name.starts_with('_') && !name.starts_with("__") {
        return format!("key{name}");
    }
    name
}

/// Returns attributes as labels, sorted by name. Keys that become the same name have their values joined with `;`, in the
/// order of the keys; a key that comes twice counts with its last value; empty values are no labels.
#[must_use]
pub fn labels<'a>(attributes: impl IntoIterator<Item = (&'a str, String)>) -> BTreeMap<String, String> {
    let by_key: BTreeMap<&str, String> = attributes.into_iter().collect();
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in by_key.into_iter().filter(|(key, value)| !key.is_empty() && !value.is_empty()) {
        match labels.entry(label_name(key)) {
            std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(value)),
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let joined = place.get_mut();
                joined.push(';');
                joined.push_str(&value);
            }
        }
    }
    labels
}

/// Returns the label `job`: the service's name, behind its namespace and a slash when it has one. Empty without a name.
#[must_use]
pub fn job(namespace: Option<&str>, name: Option<&str>) -> String {
    match (namespace.filter(|text| !text.is_empty()), name.unwrap_or_default()) {
        (_, "") => String::new(),
        (Some(namespace), name) => format!("{namespace}/{name}"),
        (None, name) => name.to_owned(),
    }
}

/// Tells whether a name needs no quotes in PromQL and no escape in a path.
#[must_use]
pub fn is_legacy_label(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Splits at everything that a name cannot have; runs of it count once.
fn tokens(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric() && c != ':').filter(|token| !token.is_empty())
}

/// Returns the words of a unit: the main one, and `per_…`; empty where there is none.
fn unit_words(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').map_or((unit, ""), |(main, per)| (main, per));
    let word = |unit: &str, words: &[(&str, &str)]| {
        let unit = unit.trim();
        if unit.is_empty() || unit.contains(['{', '}']) {
            return String::new();
        }
        let known = words.iter().find(|(code, _)| *code == unit).map(|(_, word)| *word);
        tokens(known.unwrap_or(unit)).collect::<Vec<_>>().join("_")
    };
    let per = word(per, &PER_UNITS);
    (word(main, &UNITS), if per.is_empty() { per } else { format!("per_{per}") })
}

#[cfg(test)]
mod tests;
