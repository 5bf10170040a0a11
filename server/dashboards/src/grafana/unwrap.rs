//! From what files and answers of Grafana wrap around a dashboard to its classic shape.

use serde_json::{Map, Value, json};
use telltale_api::dashboard::Note;

use super::{at, string};
use crate::error::FileError;

/// Takes the wrapping off.
pub(super) fn unwrap(value: Value, notes: &mut Vec<Note>) -> Result<Value, FileError> {
    // An answer of the HTTP API: {"dashboard":{…},"meta":{…}}.
    if at(&value, "/dashboard").is_object() {
        return unwrap(at(&value, "/dashboard").clone(), notes);
    }
    let spec = at(&value, "/spec");
    if spec.is_object()
        && (at(&value, "/kind") == "Dashboard" || string(&value, "apiVersion").starts_with("dashboard.grafana"))
    {
        return unwrap(spec.clone(), notes);
    }
    if at(&value, "/elements").is_object() && at(&value, "/layout").is_object() {
        return Ok(classic(&value, notes));
    }
    if at(&value, "/panels").is_array() || at(&value, "/rows").is_array() {
        return Ok(value);
    }
    Err(FileError::whole("this is no dashboard: it has neither panels nor rows nor elements")
        .hint("export the dashboard as JSON in Grafana, or write one in TOML (docs/dashboards.md)"))
}

/// A dashboard of version 2: elements by name, a layout that places them, variables by kind.
fn classic(spec: &Value, notes: &mut Vec<Note>) -> Value {
    let mut panels = Vec::new();
    place(at(spec, "/layout"), at(spec, "/elements"), &mut panels, notes);
    let variables: Vec<Value> = at(spec, "/variables").as_array().into_iter().flatten().map(variable).collect();
    let annotations = at(spec, "/annotations").as_array().into_iter().flatten().map(|one| at(one, "/spec").clone());
    let times = at(spec, "/timeSettings");
    json!({
        "title": at(spec, "/title"),
        "description": at(spec, "/description"),
        "time": { "from": at(times, "/from"), "to": at(times, "/to") },
        "refresh": at(times, "/autoRefresh"),
        "links": at(spec, "/links"),
        "annotations": { "list": annotations.collect::<Vec<_>>() },
        "templating": { "list": variables },
        "panels": panels,
    })
}

/// Goes through a layout in order; a panel of the one before ends where the next begins.
fn place(layout: &Value, elements: &Value, panels: &mut Vec<Value>, notes: &mut Vec<Note>) {
    let spec = at(layout, "/spec");
    match string(layout, "kind") {
        "GridLayout" => {
            let mut items: Vec<&Value> = at(spec, "/items").as_array().into_iter().flatten().collect();
            let number = |item: &Value, key: &str| at(item, &format!("/spec/{key}")).as_u64().unwrap_or(0);
            items.sort_by_key(|item| (number(item, "y"), number(item, "x")));
            for item in items {
                let size = (number(item, "width").max(1), number(item, "height").max(1));
                element(at(item, "/spec"), elements, size, panels);
            }
        }
        "AutoGridLayout" | "ResponsiveGridLayout" => {
            for item in at(spec, "/items").as_array().into_iter().flatten() {
                element(at(item, "/spec"), elements, (8, 8), panels);
            }
        }
        kind @ ("RowsLayout" | "TabsLayout") => {
            let parts = if kind == "RowsLayout" { at(spec, "/rows") } else { at(spec, "/tabs") };
            if kind == "TabsLayout" {
                notes.push(super::dashboard_note("tabs are shown as rows".to_owned()));
            }
            for part in parts.as_array().into_iter().flatten() {
                let order = panels.len();
                let title = at(part, "/spec/title");
                let collapsed = at(part, "/spec/collapse") == true;
                panels.push(json!({ "type": "row", "title": title, "collapsed": collapsed, "gridPos": { "y": order, "w": 24, "h": 1 } }));
                place(at(part, "/spec/layout"), elements, panels, notes);
            }
        }
        kind => {
            notes.push(super::dashboard_note(format!("the layout {kind:?} is not known: what it holds is not shown")))
        }
    }
}

fn element(item: &Value, elements: &Value, (width, height): (u64, u64), panels: &mut Vec<Value>) {
    let Some(written) = elements.get(string(at(item, "/element"), "name")) else { return };
    let spec = at(written, "/spec");
    let viz = at(spec, "/vizConfig");
    // The type stood in `kind` before `group` did.
    let kind = at(viz, "/group")
        .as_str()
        .or_else(|| at(viz, "/kind").as_str().filter(|kind| *kind != "VizConfig"))
        .unwrap_or_default();
    let mut panel = match at(viz, "/spec").as_object() {
        Some(viz) => viz.clone(),
        None => Map::new(),
    };
    let data = at(spec, "/data/spec");
    let targets: Vec<Value> = at(data, "/queries").as_array().into_iter().flatten().map(target).collect();
    let transformations: Vec<Value> = at(data, "/transformations").as_array().into_iter().flatten()
        .map(|one| json!({ "id": at(one, "/group").as_str().or_else(|| at(one, "/kind").as_str()), "disabled": at(one, "/spec/disabled") }))
        .collect();
    if at(written, "/kind") == "LibraryPanel" {
        panel.insert("libraryPanel".to_owned(), at(spec, "/libraryPanel").clone());
    } else {
        panel.insert("targets".to_owned(), targets.into());
    }
    panel.insert("type".to_owned(), kind.into());
    panel.insert("title".to_owned(), at(spec, "/title").clone());
    panel.insert("description".to_owned(), at(spec, "/description").clone());
    panel.insert("links".to_owned(), at(spec, "/links").clone());
    panel.insert("transformations".to_owned(), transformations.into());
    panel.insert("repeat".to_owned(), at(item, "/repeat/value").clone());
    // One below the other, so that the order of the layout stays.
    panel.insert("gridPos".to_owned(), json!({ "y": panels.len(), "x": 0, "w": width, "h": height }));
    panels.push(panel.into());
}

fn target(query: &Value) -> Value {
    let spec = at(query, "/spec");
    let asked = at(spec, "/query");
    let plugin =
        at(asked, "/group").as_str().or_else(|| at(asked, "/kind").as_str().filter(|kind| *kind != "DataQuery"));
    let source = at(spec, "/datasource/type").as_str().or(plugin);
    let mut target = at(asked, "/spec").as_object().cloned().unwrap_or_default();
    target.insert("refId".to_owned(), at(spec, "/refId").clone());
    target.insert("hide".to_owned(), at(spec, "/hidden").clone());
    if let Some(source) = source {
        target.insert("datasource".to_owned(), json!({ "type": source }));
    }
    target.into()
}

fn variable(written: &Value) -> Value {
    let kind = string(written, "kind").trim_end_matches("Variable").to_lowercase();
    let kind = if kind == "text" { "textbox".to_owned() } else { kind };
    let mut out = at(written, "/spec").as_object().cloned().unwrap_or_default();
    let query = at(written, "/spec/query");
    if query.is_object() {
        let spec = at(query, "/spec");
        let text =
            at(spec, "/query").as_str().or_else(|| at(spec, "/__legacyStringValue").as_str()).unwrap_or_default();
        let text = if text.is_empty() { string(at(written, "/spec"), "definition") } else { text };
        let plugin =
            at(query, "/group").as_str().or_else(|| at(query, "/kind").as_str().filter(|kind| *kind != "DataQuery"));
        out.insert("query".to_owned(), text.into());
        out.insert("datasource".to_owned(), json!({ "type": plugin.unwrap_or("prometheus") }));
    }
    let hide = match string(at(written, "/spec"), "hide") {
        "hideVariable" => 2,
        _ => 0,
    };
    out.insert("hide".to_owned(), hide.into());
    out.insert("type".to_owned(), kind.into());
    if at(written, "/kind") == "DatasourceVariable" {
        out.insert("query".to_owned(), at(written, "/spec/pluginId").clone());
    }
    out.into()
}
