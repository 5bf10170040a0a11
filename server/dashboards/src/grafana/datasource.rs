//! Which data source a query asks: PromQL or something else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{at, string};

/// The data sources that a file names.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Plugin by the name of an input or of a variable: `DS_PROMETHEUS`, `datasource`.
    plugins: BTreeMap<String, String>,
}

/// Words in names of data sources that are not Prometheus; older files say no more than a name.
const OTHERS: [&str; 12] = [
    "loki",
    "tempo",
    "jaeger",
    "zipkin",
    "elastic",
    "influx",
    "graphite",
    "cloudwatch",
    "postgres",
    "mysql",
    "testdata",
    "opensearch",
];

impl Sources {
    /// Reads inputs and variables.
    pub(super) fn of(value: &Value) -> Self {
        let mut plugins = BTreeMap::new();
        for input in at(value, "/__inputs").as_array().into_iter().flatten() {
            plugins.insert(string(input, "name").to_owned(), string(input, "pluginId").to_owned());
        }
        for variable in at(value, "/templating/list").as_array().into_iter().flatten() {
            if at(variable, "/type") == "datasource" {
                plugins.insert(string(variable, "name").to_owned(), string(variable, "query").to_owned());
            }
        }
        Self { plugins }
    }

    /// Returns the word for a data source that speaks no PromQL; `None` for one that does, or may.
    pub(super) fn other<'a>(&'a self, source: &'a Value) -> Option<&'a str> {
        let plugin = match source {
            Value::String(name) => name.as_str(),
            Value::Object(_) => {
                at(source, "/type").as_str().or_else(|| at(source, "/uid").as_str()).unwrap_or_default()
            }
            _ => return None,
        };
        let name = plugin.trim_start_matches(['$', '{']).trim_end_matches('}');
        let plugin = self.plugins.get(name).map_or(plugin, String::as_str);
        let small = plugin.to_lowercase();
        if small == "__expr__" || small == "-- dashboard --" || small == "-- grafana --" || small == "grafana" {
            return Some(plugin);
        }
        let is_typed = source.is_object() || self.plugins.contains_key(name);
        let is_other = OTHERS.iter().any(|other| small.contains(other));
        let is_promql = ["prometheus", "datasource", "mixed", "mimir", "thanos", "victoria", "cortex"];
        let is_known = small.is_empty() || small.starts_with('$') || is_promql.iter().any(|word| small.contains(word));
        (is_other || (is_typed && !is_known)).then_some(plugin)
    }
}
