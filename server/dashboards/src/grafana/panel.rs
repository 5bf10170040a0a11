//! One panel.

use serde_json::Value;
use telltale_api::dashboard::{Panel, PanelKind, PanelQuery};

use super::datasource::Sources;
use super::{at, options, string};

/// Types that are drawn, and what is said of those that are drawn in another way.
const KINDS: [(&str, PanelKind, &str); 19] = [
    ("timeseries", PanelKind::Graph, ""),
    ("graph", PanelKind::Graph, ""),
    ("trend", PanelKind::Graph, "a trend is drawn over time"),
    ("state-timeline", PanelKind::Graph, "a state timeline is drawn as lines"),
    ("status-history", PanelKind::Graph, "a status history is drawn as lines"),
    ("stat", PanelKind::Stat, ""),
    ("singlestat", PanelKind::Stat, ""),
    ("gauge", PanelKind::Gauge, ""),
    ("bargauge", PanelKind::Bars, ""),
    ("piechart", PanelKind::Bars, "a pie is drawn as bars"),
    ("grafana-piechart-panel", PanelKind::Bars, "a pie is drawn as bars"),
    ("barchart", PanelKind::Bars, "a bar chart is drawn as bars of the newest values"),
    ("histogram", PanelKind::Bars, "a histogram of values is drawn as bars of the newest values"),
    ("table", PanelKind::Table, ""),
    ("table-old", PanelKind::Table, ""),
    ("heatmap", PanelKind::Heatmap, ""),
    ("heatmap-panel", PanelKind::Heatmap, ""),
    ("text", PanelKind::Text, ""),
    ("row", PanelKind::Row, ""),
];

/// Takes a panel over; what is not taken stands in its notes.
pub(super) fn panel(written: &Value, sources: &Sources) -> Panel {
    let mut panel = Panel {
        title: string(written, "title").to_owned(),
        description: string(written, "description").to_owned(),
        ..Panel::default()
    };
    if let Some(library) = written.get("libraryPanel").filter(|_| written.get("targets").is_none()) {
        let name = string(library, "name");
        panel.kind = PanelKind::Unsupported;
        panel.notes.push(format!("the library panel {name:?} is not part of the file"));
        if panel.title.is_empty() {
            name.clone_into(&mut panel.title);
        }
        return panel;
    }
    let kind = string(written, "type");
    let Some((_, drawn, note)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
        panel.kind = PanelKind::Unsupported;
        panel.notes.push(format!("panels of type {kind:?} are not drawn"));
        return panel;
    };
    panel.kind = *drawn;
    panel.notes.extend((!note.is_empty()).then(|| (*note).to_owned()));
    match panel.kind {
        PanelKind::Row => row(written, &mut panel),
        PanelKind::Text => text(written, &mut panel),
        _ => {
            queries(written, sources, &mut panel);
            options::read(written, &mut panel);
            others(written, &mut panel);
        }
    }
    string(written, "repeat").clone_into(&mut panel.repeat);
    if panel.kind == PanelKind::Row && !panel.repeat.is_empty() {
        panel.notes.push(format!("the row is not repeated by {:?}: it is shown once", panel.repeat));
        panel.repeat.clear();
    }
    panel
}

fn row(written: &Value, panel: &mut Panel) {
    panel.collapsed = at(written, "/collapsed") == true;
}

fn text(written: &Value, panel: &mut Panel) {
    let options = at(written, "/options");
    let (content, mode) = match at(options, "/content").as_str() {
        Some(content) => (content, string(options, "mode")),
        None => (string(written, "content"), string(written, "mode")),
    };
    content.clone_into(&mut panel.text);
    if mode == "html" {
        panel.notes.push("HTML is shown as text".to_owned());
    }
}

fn queries(written: &Value, sources: &Sources, panel: &mut Panel) {
    let of_panel = at(written, "/datasource");
    for (place, target) in at(written, "/targets").as_array().into_iter().flatten().enumerate() {
        let id = at(target, "/refId").as_str().map_or_else(|| (place + 1).to_string(), str::to_owned);
        let source = if at(target, "/datasource").is_null() { of_panel } else { at(target, "/datasource") };
        if let Some(other) = sources.other(source) {
            panel.notes.push(match other {
                "__expr__" => format!("query {id} is an expression of Grafana's own ({})", string(target, "type")),
                other => format!("query {id} asks {other:?}, not Prometheus"),
            });
            continue;
        }
        let expr = string(target, "expr");
        if expr.trim().is_empty() {
            let is_empty = at(target, "/rawSql").is_null() && at(target, "/query").is_null();
            panel.notes.push(format!("query {id} {}", if is_empty { "is empty" } else { "is no PromQL" }));
            continue;
        }
        let legend = string(target, "legendFormat");
        let is_table = panel.kind == PanelKind::Table && at(target, "/range") != true;
        panel.queries.push(PanelQuery {
            expr: expr.to_owned(),
            legend: if legend == "__auto" { String::new() } else { legend.to_owned() },
            instant: at(target, "/instant") == true || is_table,
            hidden: at(target, "/hide") == true,
        });
    }
}

/// What a panel can have that is not taken over.
fn others(written: &Value, panel: &mut Panel) {
    for transformation in at(written, "/transformations").as_array().into_iter().flatten() {
        if at(transformation, "/disabled") != true {
            panel.notes.push(format!("the transformation {:?} is not applied", string(transformation, "id")));
        }
    }
    for (key, words) in [("timeFrom", "its own time range"), ("timeShift", "its shift in time")] {
        if let Some(time) = at(written, &format!("/{key}")).as_str().filter(|time| !time.is_empty()) {
            panel.notes.push(format!("{words} ({time}) is not applied"));
        }
    }
    if at(written, "/alert").is_object() {
        panel.notes.push(format!("its alert {:?} is not evaluated", string(at(written, "/alert"), "name")));
    }
    let links = at(written, "/links").as_array().map_or(0, Vec::len)
        + at(written, "/fieldConfig/defaults/links").as_array().map_or(0, Vec::len);
    if links > 0 {
        panel.notes.push(format!("{links} links are not shown"));
    }
}
