//! Variables of Grafana's templating.

use serde_json::Value;
use telltale_api::dashboard::{Choice, Dashboard, Note, Variable};
use telltale_promql::quote;

use super::{at, string};

/// What stands for "all" in Grafana's files.
const ALL: &str = "$__all";

/// Takes the variables over; those that cannot be are named.
pub(super) fn all(list: &Value, dashboard: &mut Dashboard, notes: &mut Vec<Note>) {
    for written in list.as_array().into_iter().flatten() {
        let name = string(written, "name");
        match variable(written) {
            Ok(Some(variable)) => dashboard.variables.push(variable),
            // There is one data source: the choice needs no variable.
            Ok(None) => {}
            Err(reason) => notes.push(Note { panel: format!("${name}"), reason }),
        }
    }
}

fn variable(written: &Value) -> Result<Option<Variable>, String> {
    let mut out = Variable {
        name: string(written, "name").to_owned(),
        label: string(written, "label").to_owned(),
        multi: at(written, "/multi") == true,
        all: at(written, "/includeAll") == true,
        all_value: string(written, "allValue").to_owned(),
        hidden: at(written, "/hide").as_u64() == Some(2),
        default: current(at(written, "/current/value")),
        ..Variable::default()
    };
    match string(written, "type") {
        "query" => asked(written, &mut out)?,
        "custom" => out.values = choices(written),
        "interval" => {
            out.values = choices(written);
            if at(written, "/auto") == true {
                out.values.insert(0, Choice { value: "auto".to_owned(), text: "auto".to_owned() });
            }
        }
        "constant" => {
            out.values = vec![choice(string(written, "query"))];
            out.default = Vec::new();
            out.hidden = true;
        }
        "textbox" => {
            out.text = true;
            if out.default.is_empty() {
                out.default = vec![string(written, "query").to_owned()];
            }
        }
        "switch" => out.values = vec![choice("true"), choice("false")],
        "datasource" => return Ok(None),
        "adhoc" => return Err("ad hoc filters are not there".to_owned()),
        other => return Err(format!("variables of type {other:?} are not there")),
    }
    if !out.text && out.values_of.is_empty() && out.query.is_empty() && out.values.is_empty() {
        return Err("it has no values".to_owned());
    }
    Ok(Some(out))
}

fn current(value: &Value) -> Vec<String> {
    let texts = match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    texts
        .into_iter()
        .filter(|text| *text != ALL && !text.is_empty())
        .map(|text| if text.starts_with("$__auto_interval") { "auto".to_owned() } else { text.to_owned() })
        .collect()
}

/// `a,b : 1,c\,d`
fn choices(written: &Value) -> Vec<Choice> {
    let query = string(written, "query").replace("\\,", "\u{1}");
    let of_query = query.split(',').map(|part| part.trim().replace('\u{1}', ",")).filter(|part| !part.is_empty());
    let of_query: Vec<Choice> = of_query
        .map(|part| match part.split_once(" : ") {
            Some((text, value)) => Choice { text: text.trim().to_owned(), value: value.trim().to_owned() },
            None => choice(&part),
        })
        .collect();
    if !of_query.is_empty() {
        return of_query;
    }
    let options = at(written, "/options").as_array().into_iter().flatten();
    options
        .map(|option| string(option, "value"))
        .filter(|value| *value != ALL && !value.is_empty())
        .map(choice)
        .collect()
}

fn choice(value: &str) -> Choice {
    Choice { value: value.to_owned(), text: value.to_owned() }
}

/// `label_values(…)`, `metrics(…)`, `query_result(…)`.
fn asked(written: &Value, out: &mut Variable) -> Result<(), String> {
    let query = at(written, "/query");
    let text = query.as_str().or_else(|| at(query, "/query").as_str()).or_else(|| at(written, "/definition").as_str());
    let text = text.unwrap_or_default().trim();
    let kind = at(written, "/datasource/type").as_str().unwrap_or("prometheus");
    if kind != "prometheus" && !kind.starts_with('$') {
        return Err(format!("it asks {kind:?}, not Prometheus"));
    }
    let regex = string(written, "regex");
    regex
        .strip_prefix('/')
        .map_or(regex, |regex| regex.rsplit_once('/').map_or(regex, |(regex, _)| regex))
        .clone_into(&mut out.regex);
    let inside = |function: &str| {
        let rest = text.strip_prefix(function)?.trim_start();
        rest.strip_prefix('(')?.trim_end().strip_suffix(')').map(str::trim)
    };
    if let Some(inside) = inside("label_values") {
        let (from, label) = inside.rsplit_once(',').unwrap_or(("", inside));
        // The comma of a selector belongs to it: a label has no braces.
        let (from, label) = if label.contains('}') { (inside, "") } else { (from.trim(), label.trim()) };
        if label.is_empty() {
            return Err(format!("{text:?} names no label"));
        }
        from.clone_into(&mut out.from);
        label.clone_into(&mut out.values_of);
        return Ok(());
    }
    if let Some(pattern) = inside("metrics") {
        "__name__".clone_into(&mut out.values_of);
        out.from = format!("{{__name__=~{}}}", quote(&format!(".*({pattern}).*")));
        return Ok(());
    }
    if let Some(expr) = inside("query_result") {
        expr.clone_into(&mut out.query);
        return Ok(());
    }
    match text {
        "" => Err("its query is empty".to_owned()),
        text => Err(format!("the query {text:?} is not understood: label_values, metrics and query_result are")),
    }
}
