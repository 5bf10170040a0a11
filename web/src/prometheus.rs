//! What the Prometheus HTTP API answers, as far as the page of metrics reads it. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The envelope of every answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer<T> {
    /// What was asked for.
    pub data: T,
    /// What the reader should know.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What is worth knowing.
    #[serde(default)]
    pub infos: Vec<String>,
}

/// The envelope of an error.
#[derive(Clone, Debug, Deserialize)]
pub struct Problem {
    /// `bad_data` and the like.
    #[serde(rename = "errorType")]
    pub kind: String,
    /// What is wrong.
    pub error: String,
}

/// Metadata by the name of the metric.
pub type Metadata = BTreeMap<String, Vec<Described>>;

/// What is known about a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Described {
    /// `counter`, `gauge`, `histogram`, `summary`, `unknown`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Description.
    #[serde(default)]
    pub help: String,
    /// Unit.
    #[serde(default)]
    pub unit: String,
}

/// Labels of a series.
pub type Labels = BTreeMap<String, String>;

/// The data of a range query.
#[derive(Clone, Debug, Deserialize)]
pub struct Matrix {
    /// Series.
    pub result: Vec<Series>,
}

/// One series over time.
#[derive(Clone, Debug, Deserialize)]
pub struct Series {
    /// Labels.
    pub metric: Labels,
    /// Seconds and values.
    #[serde(default)]
    pub values: Vec<(f64, String)>,
    /// Seconds and native histograms.
    #[serde(default)]
    pub histograms: Vec<NativePoint>,
}

/// A native histogram at a time.
pub type NativePoint = (f64, NativeHistogram);

/// A native histogram, as far as it is drawn.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NativeHistogram {
    /// Which ends belong to a bucket, its ends, its count.
    #[serde(default)]
    pub buckets: Vec<(u8, String, String, String)>,
}

/// The data of an instant query.
#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    /// Series.
    pub result: Vec<One>,
}

/// One series at one time.
#[derive(Clone, Debug, Deserialize)]
pub struct One {
    /// Labels.
    pub metric: Labels,
    /// Second and value; absent for a native histogram.
    pub value: Option<(f64, String)>,
}

impl Series {
    /// The points as numbers.
    #[must_use]
    pub fn points(&self) -> Vec<(f64, f64)> {
        self.values.iter().map(|(time, value)| (*time, number(value))).collect()
    }
}

/// A series and its value as a text, `name{label="value"} 1 1700000000000`: what variables of query results are cut from.
#[must_use]
pub fn selector_text(one: &One) -> String {
    let name = one.metric.get("__name__").map_or("", String::as_str);
    let labels = one.metric.iter().filter(|(label, _)| *label != "__name__");
    let labels: Vec<String> = labels.map(|(label, value)| format!("{label}={value:?}")).collect();
    let braces = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    match &one.value {
        Some((time, value)) => format!("{name}{braces} {value} {:.0}", time * 1_000.0),
        None => format!("{name}{braces}"),
    }
}

/// A value as the API writes it.
#[must_use]
pub fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap_or(f64::NAN),
    }
}

/// Exemplars of a series.
#[derive(Clone, Debug, Deserialize)]
pub struct Exemplars {
    /// In time.
    pub exemplars: Vec<Exemplar>,
}

/// One measurement of one request.
#[derive(Clone, Debug, Deserialize)]
pub struct Exemplar {
    /// `trace_id` among them.
    pub labels: Labels,
    /// The measured value.
    pub value: String,
    /// Seconds.
    pub timestamp: f64,
}

/// A metric of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metric {
    /// Name.
    pub name: String,
    /// What is known about it.
    pub described: Described,
    /// Whether it is a classic histogram, seen as series of buckets.
    pub has_buckets: bool,
}

/// One line a metric: the parts of a classic histogram or a summary are one.
#[must_use]
pub fn metrics(names: &[String], metadata: &Metadata) -> Vec<Metric> {
    let has = |name: &str| names.binary_search_by(|other| other.as_str().cmp(name)).is_ok();
    let mut out: BTreeMap<String, Metric> = BTreeMap::new();
    for name in names {
        let parts = ["_bucket", "_count", "_sum"].into_iter().find_map(|end| name.strip_suffix(end));
        let whole = parts.filter(|base| {
            has(&format!("{base}_bucket")) || (has(&format!("{base}_sum")) && has(&format!("{base}_count")))
        });
        let base = whole.unwrap_or(name);
        let known = metadata.get(base).or_else(|| metadata.get(name)).and_then(|all| all.first());
        let metric = Metric {
            name: base.to_owned(),
            described: known.cloned().unwrap_or_default(),
            has_buckets: has(&format!("{base}_bucket")),
        };
        out.entry(base.to_owned()).or_insert(metric);
    }
    out.into_values().collect()
}

/// The labels that tell series apart, as a name for a line.
#[must_use]
pub fn line_name(labels: &Labels) -> String {
    let parts = labels.iter().filter(|(name, _)| *name != "__name__").map(|(name, value)| format!("{name}={value}"));
    parts.collect::<Vec<_>>().join(" · ")
}

/// Each label with the number of its values and a few of them, those with the most values first.
#[must_use]
pub fn label_values(series: &[Labels]) -> Vec<(String, usize, Vec<String>)> {
    let mut values: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in series.iter().flatten().filter(|(name, _)| *name != "__name__") {
        values.entry(name).or_default().insert(value);
    }
    let few = |all: &std::collections::BTreeSet<&str>| all.iter().take(3).map(|value| (*value).to_owned()).collect();
    let mut out: Vec<_> = values.iter().map(|(name, all)| ((*name).to_owned(), all.len(), few(all))).collect();
    out.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: parts of a histogram, a counter that only looks like a part, metadata under the base name.
    #[test]
    fn parts_of_a_histogram_are_one_metric() {
        let names = ["a_bucket", "a_count", "a_sum", "b_count", "c_total"].map(str::to_owned);
        let described = Described { kind: "histogram".to_owned(), help: "how long".to_owned(), unit: "s".to_owned() };
        let metadata = Metadata::from([("a".to_owned(), vec![described.clone()])]);
        let found = metrics(&names, &metadata);
        assert_eq!(found.iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(), ["a", "b_count", "c_total"]);
        assert_eq!((found[0].described.clone(), found[0].has_buckets), (described, true));
    }

    /// Scenario: an answer of the API with every kind of value.
    #[test]
    fn answers_are_read() {
        let text = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m","a":"b"},
            "values":[[1.5,"2"],[3,"NaN"],[4,"+Inf"]]}]},"warnings":["w"]}"#;
        let answer: Answer<Matrix> = serde_json::from_str(text).unwrap();
        let series = &answer.data.result[0];
        assert_eq!(series.points()[0], (1.5, 2.0));
        assert!(series.points()[1].1.is_nan() && series.points()[2].1 == f64::INFINITY);
        assert_eq!((line_name(&series.metric).as_str(), answer.warnings.len()), ("a=b", 1));
    }

    /// Scenario: labels with one value and with many.
    #[test]
    fn labels_with_most_values_come_first() {
        let series: Vec<Labels> = (0..5)
            .map(|at| {
                Labels::from([
                    ("__name__".to_owned(), "m".to_owned()),
                    ("job".to_owned(), "j".to_owned()),
                    ("id".to_owned(), at.to_string()),
                ])
            })
            .collect();
        let labels = label_values(&series);
        assert_eq!(
            labels.iter().map(|(name, count, _)| (name.as_str(), *count)).collect::<Vec<_>>(),
            [("id", 5), ("job", 1)]
        );
        assert_eq!(labels[0].2.len(), 3);
    }
}
